// Foreign text, made fit for one line of a terminal.
#ifndef FULLSTOP_BASE_PRINTABLE_H_
#define FULLSTOP_BASE_PRINTABLE_H_

#include <string>
#include <string_view>

namespace fullstop {

// TEXT on one line and without harm to a terminal: a line end becomes \n, other
// control characters and bytes that are no UTF-8 become \xNN.
std::string Printable(std::string_view text);

}  // namespace fullstop

#endif  // FULLSTOP_BASE_PRINTABLE_H_
