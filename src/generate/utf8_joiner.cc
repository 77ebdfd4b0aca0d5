#include "generate/utf8_joiner.h"

#include <utility>

#include "base/utf8.h"

namespace fullstop {

std::string Utf8Joiner::Put(std::string_view bytes) {
  held_ += bytes;
  std::string ready = std::exchange(held_, {});
  held_ = ready.substr(ready.size() - IncompleteUtf8Suffix(ready));
  ready.resize(ready.size() - held_.size());
  return ReplaceInvalidUtf8(ready);
}

std::string Utf8Joiner::Finish() {
  return ReplaceInvalidUtf8(std::exchange(held_, {}));
}

}  // namespace fullstop
