// Large JSON files of tokenizers, read by simdjson: a tokenizer.json may have
// 30 MB and half a million merges.
#ifndef FULLSTOP_TOKENIZER_JSON_FILE_H_
#define FULLSTOP_TOKENIZER_JSON_FILE_H_

#include <simdjson.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fullstop {

// A value and where it stands. Copies are cheap; valid as long as the file.
// Every access throws Error (kFormat), naming file and place, where the value
// is of another kind.
class Json {
 public:
  Json(simdjson::dom::element value, std::shared_ptr<const std::string> file,
       std::string place)
      : value_(value), file_(std::move(file)), place_(std::move(place)) {}

  // The member KEY; nullopt where it is absent or null.
  std::optional<Json> Find(std::string_view key) const;
  Json At(std::string_view key) const;

  std::string_view Text() const;
  double Number() const;
  // From 0 to the greatest id.
  int32_t Id() const;
  bool Flag() const;
  // Of the member KEY; what it is where absent or null.
  std::string_view TextOr(std::string_view key, std::string_view absent) const;
  bool FlagOr(std::string_view key, bool absent) const;

  bool IsText() const { return value_.is_string(); }
  bool IsArray() const { return value_.is_array(); }
  bool IsObject() const { return value_.is_object(); }
  simdjson::dom::array Array() const;
  simdjson::dom::object Object() const;
  // An element of this value, whose place is this one's and NAME.
  Json Part(simdjson::dom::element element, std::string_view name) const {
    return {element, file_, place_ + "." + std::string(name)};
  }

  // Errors about this value: "FILE: PLACE WHAT".
  [[noreturn]] void Fail(std::string_view what) const;
  [[noreturn]] void FailUnsupported(std::string_view what,
                                    std::string_view advice = {}) const;

 private:
  simdjson::dom::element value_;
  std::shared_ptr<const std::string> file_;
  std::string place_;
};

// A parsed file, which owns all texts in it. About twice the file's size. One
// thread parses, any number may read.
class JsonFile {
 public:
  // Throws Error (kFormat) for what is no JSON, or no UTF-8. NAME is for
  // errors.
  JsonFile(std::string_view bytes, std::string name);
  // Throws also as MappedFile::Open does.
  static std::shared_ptr<JsonFile> Open(const std::string& path);
  JsonFile(const JsonFile&) = delete;
  JsonFile& operator=(const JsonFile&) = delete;

  Json root() const { return {root_, name_, "the file"}; }
  const std::string& name() const { return *name_; }
  // A view of TEXT that lives as long as the file.
  std::string_view Keep(std::string text) {
    return kept_.emplace_back(std::move(text));
  }

 private:
  std::shared_ptr<const std::string> name_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
  std::deque<std::string> kept_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TOKENIZER_JSON_FILE_H_
