// Raw bytes in pieces to valid UTF-8 in pieces, for surfaces that can't carry
// anything else (JSON).
#ifndef FULLSTOP_GENERATE_UTF8_JOINER_H_
#define FULLSTOP_GENERATE_UTF8_JOINER_H_

#include <string>
#include <string_view>

namespace fullstop {

// Each maximal subpart of an ill-formed sequence becomes one U+FFFD; the bytes
// of a character that may still be completed (at most 3) are held. However the
// bytes are cut, all that Put and Finish return is together
// ReplaceInvalidUtf8 of the whole. A plain value; one thread at a time.
class Utf8Joiner {
 public:
  std::string Put(std::string_view bytes);
  // What is still held, as U+FFFD; the object is then as new.
  std::string Finish();

 private:
  std::string held_;
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_UTF8_JOINER_H_
