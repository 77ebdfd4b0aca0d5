// Names out of foreign files, made fit for a message.
#ifndef FULLSTOP_FORMAT_QUOTE_H_
#define FULLSTOP_FORMAT_QUOTE_H_

#include <string>
#include <string_view>

namespace fullstop {

// NAME between single quotes. What a terminal could take as a command (control
// characters) and what is not UTF-8 becomes U+FFFD; a name of more than 80
// bytes is cut there and ends with "…", so that an error never costs more than
// that.
std::string QuoteName(std::string_view name);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_QUOTE_H_
