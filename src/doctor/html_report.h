// Reports as one page for a browser, that needs nothing else.
#ifndef FULLSTOP_DOCTOR_HTML_REPORT_H_
#define FULLSTOP_DOCTOR_HTML_REPORT_H_

#include <string>
#include <vector>

#include "doctor/examine.h"

namespace fullstop {

// A page of HTML 5: what was found, and of what was measured P(stop) along each
// known reply, ends by cause, dresses and settings. VERSION is the program's.
std::string PrintHtml(const std::vector<Report>& reports,
                      const std::string& version);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_HTML_REPORT_H_
