// Sets of code points, as sorted ranges.
#ifndef FULLSTOP_BASE_UNICODE_SET_H_
#define FULLSTOP_BASE_UNICODE_SET_H_

#include <initializer_list>
#include <vector>

namespace fullstop {

// FIRST to LAST, both included.
struct CodePointRange {
  char32_t first;
  char32_t last;
  bool operator==(const CodePointRange&) const = default;
};

// A set of code points, 0 to 0x10FFFF, surrogates allowed. A value; its copy
// costs its ranges. Any number of threads may read.
class CodePointSet {
 public:
  CodePointSet() = default;
  // RANGES may come in any order and overlap.
  explicit CodePointSet(std::vector<CodePointRange> ranges);
  CodePointSet(std::initializer_list<CodePointRange> ranges)
      : CodePointSet(std::vector<CodePointRange>(ranges)) {}

  // Ascending, disjoint and not adjacent.
  const std::vector<CodePointRange>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  // In O(log ranges).
  bool Contains(char32_t value) const;

  CodePointSet Complement() const;
  CodePointSet Union(const CodePointSet& other) const;
  CodePointSet Intersection(const CodePointSet& other) const;

  bool operator==(const CodePointSet&) const = default;

 private:
  std::vector<CodePointRange> ranges_;
};

}  // namespace fullstop

#endif  // FULLSTOP_BASE_UNICODE_SET_H_
