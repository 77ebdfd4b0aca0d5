#include "doctor/severity_order.h"

#include <algorithm>
#include <iterator>

namespace fullstop {

std::vector<Diagnosis> BySeverity(const std::vector<Diagnosis>& found) {
  std::vector<Diagnosis> ordered;
  for (auto severity = kSeverities.rbegin(); severity != kSeverities.rend();
       ++severity) {
    std::ranges::copy_if(found, std::back_inserter(ordered),
                         [severity](const Diagnosis& each) {
                           return each.severity == *severity;
                         });
  }
  return ordered;
}

}  // namespace fullstop
