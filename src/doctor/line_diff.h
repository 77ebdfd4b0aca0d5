// Two texts compared line by line.
#ifndef FULLSTOP_DOCTOR_LINE_DIFF_H_
#define FULLSTOP_DOCTOR_LINE_DIFF_H_

#include <string>
#include <string_view>

namespace fullstop {

// A unified diff with three lines of context, as `git apply` and `patch -p1`
// read it; empty where the texts are equal. NAME has no a/ or b/ before it; an
// empty BEFORE is a new file. Time and memory are those of the product of the
// lines between the first and the last that differ; past some millions they are
// replaced as a whole.
std::string UnifiedDiff(const std::string& name, std::string_view before,
                        std::string_view after);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_LINE_DIFF_H_
