#include "tokenizer/json_file.h"

#include <limits>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {

std::optional<Json> Json::Find(std::string_view key) const {
  simdjson::dom::object object;
  if (value_.get(object) != simdjson::SUCCESS) Fail("is no object");
  simdjson::dom::element element;
  if (object.at_key(key).get(element) != simdjson::SUCCESS ||
      element.is_null()) {
    return std::nullopt;
  }
  return Part(element, key);
}

Json Json::At(std::string_view key) const {
  const std::optional<Json> found = Find(key);
  if (!found) Fail("has no \"" + std::string(key) + "\"");
  return *found;
}

std::string_view Json::Text() const {
  std::string_view text;
  if (value_.get(text) != simdjson::SUCCESS) Fail("is no text");
  return text;
}

double Json::Number() const {
  double number = 0;
  if (value_.get(number) != simdjson::SUCCESS) Fail("is no number");
  return number;
}

int32_t Json::Id() const {
  int64_t id = 0;
  if (value_.get(id) != simdjson::SUCCESS || id < 0 ||
      id > std::numeric_limits<int32_t>::max()) {
    Fail("is no id");
  }
  return static_cast<int32_t>(id);
}

bool Json::Flag() const {
  bool flag = false;
  if (value_.get(flag) != simdjson::SUCCESS) Fail("is not true or false");
  return flag;
}

std::string_view Json::TextOr(std::string_view key,
                              std::string_view absent) const {
  const std::optional<Json> found = Find(key);
  return found ? found->Text() : absent;
}

bool Json::FlagOr(std::string_view key, bool absent) const {
  const std::optional<Json> found = Find(key);
  return found ? found->Flag() : absent;
}

simdjson::dom::array Json::Array() const {
  simdjson::dom::array array;
  if (value_.get(array) != simdjson::SUCCESS) Fail("is no list");
  return array;
}

simdjson::dom::object Json::Object() const {
  simdjson::dom::object object;
  if (value_.get(object) != simdjson::SUCCESS) Fail("is no object");
  return object;
}

void Json::Fail(std::string_view what) const {
  throw Error::Format(place_ + " " + std::string(what)).In(*file_);
}

void Json::FailUnsupported(std::string_view what,
                           std::string_view advice) const {
  throw Error::Unsupported(place_ + " " + std::string(what))
      .In(*file_)
      .Advice(std::string(advice));
}

JsonFile::JsonFile(std::string_view bytes, std::string name)
    : name_(std::make_shared<const std::string>(std::move(name))) {
  const auto error = parser_.parse(simdjson::padded_string(bytes)).get(root_);
  if (error != simdjson::SUCCESS) {
    throw Error::Format(std::string("the file is no JSON: ") +
                        simdjson::error_message(error))
        .In(*name_);
  }
}

std::shared_ptr<JsonFile> JsonFile::Open(const std::string& path) {
  const MappedFile file = MappedFile::Open(path);
  const auto bytes = file.bytes();
  return std::make_shared<JsonFile>(
      std::string_view(reinterpret_cast<const char*>(bytes.data()),
                       bytes.size()),
      path);
}

}  // namespace fullstop
