// What can be said of few observations: shares, medians and ranks, with 95 %
// intervals. Pure functions; any number of threads.
#ifndef FULLSTOP_MEASURE_STATISTICS_H_
#define FULLSTOP_MEASURE_STATISTICS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace fullstop {

struct Estimate {
  double value = 0;
  // Of 95 %.
  double low = 0;
  double high = 0;
};

// "0.62", "0.000312", "-2.06": three digits that count, more above 1000.
std::string Describe(double value);
// "0.625 (0.4 to 0.81)".
std::string Describe(const Estimate& estimate);

// The mean of the two middle ones for an even number; 0 for none.
double Median(std::vector<double> values);

// Of the share COUNT / TOTAL: Wilson's score interval (E. B. Wilson, 1927); 0
// to 1 where TOTAL is 0.
Estimate Share(size_t count, size_t total);

// STATISTIC over SIZE observations, called with the indices of a sample of
// them. Its value is that of all; its interval the percentiles of 1,000
// resamples drawn with SEED (B. Efron, 1979). SIZE of 0 gives zeros.
Estimate Bootstrap(
    size_t size, uint64_t seed,
    const std::function<double(std::span<const size_t>)>& statistic);

// The median of VALUES, bootstrapped.
Estimate MedianOf(std::span<const double> values, uint64_t seed);

// One reply: a value at its end, and those inside of it.
struct EndAndInside {
  double end = 0;
  std::vector<double> inside;
};

// How probable it is that the value at an end is above one inside a reply,
// ties half (the area under the ROC curve), over all pairs of REPLIES; the
// interval draws whole replies. 0.5 without pairs.
Estimate Separation(std::span<const EndAndInside> replies, uint64_t seed);

}  // namespace fullstop

#endif  // FULLSTOP_MEASURE_STATISTICS_H_
