#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace fullstop {
namespace {

// How much of a long line is shown, in code points.
constexpr size_t kExcerptBefore = 60;
constexpr size_t kExcerptLength = 100;

// The byte at which each code point of LINE begins, and its end.
std::vector<size_t> CodePointStarts(const std::string& line) {
  std::vector<size_t> starts;
  for (size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0) != 0x80) {
      starts.push_back(i);
    }
  }
  starts.push_back(line.size());
  return starts;
}

// The part of LINE around COLUMN (from 1; 0 is none) and, in a second line, a
// caret under it. Tabs are repeated so that the caret stands under its
// character.
std::string Excerpt(const std::string& line, uint64_t column) {
  const std::vector<size_t> starts = CodePointStarts(line);
  const size_t count = starts.size() - 1;
  const size_t at = column == 0 ? 0 : static_cast<size_t>(column - 1);
  size_t begin = 0;
  if (count > kExcerptLength && at > kExcerptBefore) {
    begin = std::min(at - kExcerptBefore, count - kExcerptLength);
  }
  const size_t end = std::min(count, begin + kExcerptLength);
  std::string text = begin > 0 ? "…" : "";
  text += line.substr(starts[begin], starts[end] - starts[begin]);
  if (end < count) text += "…";
  text += "\n  ";
  if (begin > 0) text += ' ';
  for (size_t i = begin; i < at; ++i) {
    text += i < count && line[starts[i]] == '\t' ? '\t' : ' ';
  }
  return text + '^';
}

}  // namespace

Error::Error(Kind kind, std::string what)
    : kind_(kind), message_(std::move(what)) {
  Compose();
}

Error Error::Usage(std::string what) { return {Kind::kUsage, std::move(what)}; }
Error Error::NotFound(std::string what) {
  return {Kind::kNotFound, std::move(what)};
}
Error Error::Io(std::string what) { return {Kind::kIo, std::move(what)}; }
Error Error::System(std::string what, int error_number) {
  Error error(Kind::kIo, std::move(what) + ": " + std::strerror(error_number));
  if (error_number == ENOSPC || error_number == EDQUOT) {
    error.Advice("free some space, or write to another disk");
  }
  return error;
}
Error Error::Format(std::string what) {
  return {Kind::kFormat, std::move(what)};
}
Error Error::Unsupported(std::string what) {
  return {Kind::kUnsupported, std::move(what)};
}
Error Error::Limit(std::string what) { return {Kind::kLimit, std::move(what)}; }
Error Error::Template(std::string what) {
  return {Kind::kTemplate, std::move(what)};
}

Error& Error::In(std::string file) {
  file_ = std::move(file);
  Compose();
  return *this;
}

Error& Error::AtByte(uint64_t byte) {
  byte_ = byte;
  Compose();
  return *this;
}

Error& Error::AtLine(uint64_t line, uint64_t column, std::string text) {
  line_ = line;
  column_ = column;
  line_text_ = std::move(text);
  Compose();
  return *this;
}

Error& Error::Advice(std::string advice) {
  advice_ = std::move(advice);
  Compose();
  return *this;
}

void Error::Compose() {
  text_ = message_;
  std::string place;
  if (!file_.empty()) place += "in " + file_;
  const auto add = [&place](const std::string& part) {
    if (!place.empty()) place += ", ";
    place += part;
  };
  if (byte_) add("byte " + std::to_string(*byte_));
  if (line_) add("line " + std::to_string(*line_));
  if (column_) add("column " + std::to_string(*column_));
  if (!place.empty()) text_ += "\n  " + place;
  if (line_) text_ += "\n  " + Excerpt(line_text_, column_.value_or(0));
  if (!advice_.empty()) text_ += "\n  " + advice_;
}

std::string_view ErrorKindName(Error::Kind kind) {
  switch (kind) {
    case Error::Kind::kUsage:
      return "usage";
    case Error::Kind::kNotFound:
      return "not_found";
    case Error::Kind::kIo:
      return "io";
    case Error::Kind::kFormat:
      return "format";
    case Error::Kind::kUnsupported:
      return "unsupported";
    case Error::Kind::kLimit:
      return "limit";
    case Error::Kind::kTemplate:
      return "template";
  }
  return "unknown";
}

}  // namespace fullstop
