#include "data/json_rows.h"

#include <algorithm>

#include "base/error.h"
#include "format/file_kind.h"

namespace fullstop {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// Pages are given back in pieces of so many bytes.
constexpr size_t kPiece = 16 << 20;

// The quotation mark that ends the string which begins at AT, or the end of
// TEXT.
size_t EndOfString(std::string_view text, size_t at) {
  while (true) {
    at = text.find('"', at + 1);
    if (at == text.npos) return text.size();
    const size_t last = text.find_last_not_of('\\', at - 1);
    // An even number of backslashes escapes itself alone.
    if ((at - last) % 2 == 1) return at;
  }
}

size_t Lines(std::string_view text) {
  return static_cast<size_t>(std::ranges::count(text, '\n'));
}

}  // namespace

JsonRows::JsonRows(const std::string& path) : file_(MappedFile::Open(path)) {
  text_ = {reinterpret_cast<const char*>(file_.bytes().data()),
           file_.bytes().size()};
  if (text_.starts_with(kByteOrderMark)) place_ = kByteOrderMark.size();
  SkipSpace();
  is_array_ = place_ < text_.size() && text_[place_] == '[';
  if (is_array_) ++place_;
}

Error JsonRows::Bad(const std::string& what) const {
  return Error::Format("line " + std::to_string(line_) + ": " + what)
      .In(file_.path());
}

bool JsonRows::Next(JsonRow* row) {
  GiveBack();
  const bool found = is_array_ ? NextOfArray(row) : NextLine(row);
  if (number_ == 0) throw Error::Format("it holds no rows").In(path());
  return found;
}

void JsonRows::SkipSpace() {
  const size_t end =
      std::min(text_.find_first_not_of(kSpace, place_), text_.size());
  line_ += Lines(text_.substr(place_, end - place_));
  place_ = end;
}

bool JsonRows::NextOfArray(JsonRow* row) {
  SkipSpace();
  if (place_ < text_.size() && text_[place_] == ']') {
    ++place_;
    SkipSpace();
    if (place_ < text_.size()) throw Bad("something stands behind the array");
    // Once more finds the end again.
    is_array_ = false;
    return false;
  }
  if (!first_) {
    if (place_ == text_.size() || text_[place_] != ',') {
      throw Bad("a comma or the end of the array is missing");
    }
    ++place_;
    SkipSpace();
  }
  first_ = false;
  if (place_ == text_.size() || text_[place_] != '{') {
    throw Bad("here a row, which is an object, should begin");
  }
  Take(EndOfObject(), row);
  line_ += Lines(row->text);
  return true;
}

bool JsonRows::NextLine(JsonRow* row) {
  SkipSpace();
  if (place_ == text_.size()) return false;
  if (text_[place_] != '{') {
    // Behind other rows it is the line that is wrong, else the file.
    const std::string file =
        number_ == 0 ? ": the file is " + GuessFileKind(file_.bytes()).what
                     : "";
    throw Bad("the line is no JSON object" + file);
  }
  const std::string_view seen = text_.substr(0, place_ + kMostBytes + 1);
  const size_t end = std::min(seen.find('\n', place_), seen.size());
  if (end - place_ > kMostBytes) {
    throw Error::Limit("line " + std::to_string(line_) +
                       " is longer than 64 MiB")
        .In(file_.path());
  }
  Take(end, row);
  return true;
}

size_t JsonRows::EndOfObject() const {
  size_t depth = 0;
  const std::string_view text = text_.substr(0, place_ + kMostBytes);
  for (size_t i = place_; i < text.size(); ++i) {
    if (text[i] == '"') {
      i = EndOfString(text, i);
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i + 1;
    }
  }
  if (text.size() < text_.size()) {
    throw Error::Limit("the row at line " + std::to_string(line_) +
                       " is longer than 64 MiB")
        .In(file_.path());
  }
  throw Bad("the row that begins here does not end");
}

void JsonRows::Take(size_t end, JsonRow* row) {
  row->text = text_.substr(place_, end - place_);
  row->line = line_;
  row->number = ++number_;
  place_ = end;
}

// The last piece stays: somebody may still look at its rows.
void JsonRows::GiveBack() {
  if (place_ - given_back_ < 2 * kPiece) return;
  const size_t end = place_ - kPiece;
  ForgetPages(file_.bytes().subspan(given_back_, end - given_back_));
  given_back_ = end;
}

}  // namespace fullstop
