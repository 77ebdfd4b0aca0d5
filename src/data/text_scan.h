// What stands in a text of training data that is no one's words: markers of
// templates, tags of thoughts, names to be filled in, damage. One pass.
#ifndef FULLSTOP_DATA_TEXT_SCAN_H_
#define FULLSTOP_DATA_TEXT_SCAN_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fullstop {

struct ThoughtTag {
  size_t at = 0;
  size_t size = 0;
  bool closes = false;
  bool in_code = false;
  // Which of the names of thoughts it has.
  size_t name = 0;
};

struct TextScan {
  static constexpr size_t kNone = std::string_view::npos;

  size_t control = kNone;  // the first control string
  size_t marker = kNone;   // the first marker outside of code
  std::string_view marker_text;
  size_t placeholder = kNone;  // the first outside of code
  size_t damage = kNone;       // the first outside of code
  size_t no_input = kNone;     // <noinput> outside of code
  bool open_fence = false;     // a block of code begins and does not end
  std::vector<ThoughtTag> thoughts;
  // Views of markers that stand in code: somebody writes about them.
  std::vector<std::string_view> quoted;
};

// Which strings are looked for. Immutable; any number of threads.
class TextScanner {
 public:
  // CONTROL: the control tokens of a model, longest first.
  explicit TextScanner(const std::vector<std::string>& control);

  // Fills SCAN, whose views are of TEXT.
  void Scan(std::string_view text, TextScan* scan) const;

 private:
  class Pass;

  const std::vector<std::string>& control_;
  // Bytes with which something may begin.
  std::array<bool, 256> stops_;
  std::array<bool, 256> begins_control_ = {};
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_TEXT_SCAN_H_
