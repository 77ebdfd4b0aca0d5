// HTML as Jinja2's filters write and read it.
#ifndef FULLSTOP_JINJA_HTML_H_
#define FULLSTOP_JINJA_HTML_H_

#include <cstdint>
#include <vector>

#include "jinja/runtime.h"

namespace fullstop::jinja {

// Markup.striptags: tags and comments dropped, white space runs to one space,
// character references read (the named ones of HTML 4).
Text StripTags(const Text& text);
// Markup.unescape: character references read, nothing else changed.
Text Unescape(const Text& text);

struct LinkOptions {
  int64_t trim = -1;  // of the text shown, in code points; -1: none
  Text rel;
  Text target;
  std::vector<Text> schemes;  // that make a link besides the known
};
// urlize: web and mail addresses in TEXT, which is escaped already, to links.
Text MakeLinks(const Text& text, const LinkOptions& options);

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_HTML_H_
