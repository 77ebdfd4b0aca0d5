// How long rows are: every length with its count.
#ifndef FULLSTOP_DATA_LENGTH_COUNTS_H_
#define FULLSTOP_DATA_LENGTH_COUNTS_H_

#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fullstop {

// Rows whose length is above the bound of the class before and at most MOST.
struct LengthClass {
  size_t most = 0;
  size_t rows = 0;
};

// Memory grows with the number of different lengths. One thread.
class LengthCounts {
 public:
  void Add(size_t length) { ++counts_[length]; }
  void Add(const LengthCounts& other);

  size_t rows() const;
  size_t longest() const;
  size_t RowsAbove(size_t least) const;
  // The least length that a SHARE (0 to 1) of all rows does not exceed; 0
  // without rows.
  size_t Quantile(double share) const;
  // Powers of two, from the class of the shortest row to that of the longest;
  // empty without rows.
  std::vector<LengthClass> Classes() const;

 private:
  // The lengths with their counts, ascending.
  std::vector<std::pair<size_t, size_t>> Sorted() const;

  std::unordered_map<size_t, size_t> counts_;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_LENGTH_COUNTS_H_
