#include "base/error.h"

#include <cstring>
#include <utility>

namespace fullstop {

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
  return {Kind::kIo, std::move(what) + ": " + std::strerror(error_number)};
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
  if (line_) {
    text_ += "\n  " + line_text_ + "\n  ";
    // Tabs are repeated so that the caret stands under its character.
    size_t position = 0;
    for (uint64_t i = 1; column_ && i < *column_; ++i) {
      const bool tab =
          position < line_text_.size() && line_text_[position] == '\t';
      text_ += tab ? '\t' : ' ';
      do {
        ++position;
      } while (position < line_text_.size() &&
               (static_cast<unsigned char>(line_text_[position]) & 0xC0) ==
                   0x80);
    }
    text_ += '^';
  }
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
