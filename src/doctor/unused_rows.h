// Rows of an output head that no training has touched, and what lies among
// them.
#ifndef FULLSTOP_DOCTOR_UNUSED_ROWS_H_
#define FULLSTOP_DOCTOR_UNUSED_ROWS_H_

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "doctor/target.h"

namespace fullstop {

// With fewer rows their spread says nothing.
inline constexpr size_t kFewestUnusedRows = 4;

// Groups of ids, of ROWS that there are, each of kFewestUnusedRows or more:
// those behind the vocabulary and tokens that stand for nothing, and control
// tokens of which only a number tells one from the next and that no file speaks
// of.
std::vector<std::vector<size_t>> UnusedRows(const Target& target, size_t rows);

struct RowCloud {
  std::vector<double> mean;
  double length = 0;  // of the mean
  double spread = 0;  // the farthest row's distance from it
};

// Of the rows that READ gives for IDS, which are not empty; of many some.
RowCloud CloudOf(const std::function<std::vector<float>(size_t id)>& read,
                 std::span<const size_t> ids);

// Whether ROW is within three times the spread, or as near as rounding.
bool LiesWithin(const RowCloud& cloud, std::span<const float> row);

// ROW and MEAN are of one length.
double RowDistance(std::span<const float> row, std::span<const double> mean);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_UNUSED_ROWS_H_
