#include "protocol/json_call_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace fullstop {
namespace {

// What a quoted JSON text says; the bytes themselves where it is broken.
std::string Unquoted(const std::string& json) {
  const auto value = nlohmann::json::parse(json, nullptr, false);
  return value.is_string() ? value.get<std::string>() : json;
}

bool IsSpaceByte(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

}  // namespace

bool JsonCallReader::IsName(const std::string& key) const {
  return key == name_key_ || key == "name" || key == "tool_name";
}

bool JsonCallReader::IsArguments(const std::string& key) const {
  if (name_key_.empty() && base_ == 1) return true;
  return key == arguments_key_ || key == "arguments" || key == "parameters";
}

void JsonCallReader::Put(char byte) {
  text_ += byte;
  const bool in_value = at_ == At::kValue;
  if (quoted_) {
    if (in_value || at_ == At::kKey) value_ += byte;
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      quoted_ = false;
      if (depth_ == base_ && at_ == At::kKey) EndKey();
    }
    return;
  }
  PutStructural(byte);
}

void JsonCallReader::PutStructural(char byte) {
  if (at_ == At::kValue && depth_ == base_ && value_.empty()) {
    if (IsSpaceByte(byte)) return;
    BeginValue(byte);
    return;
  }
  const bool inner = depth_ > base_ && at_ == At::kValue;
  switch (byte) {
    case '"':
      quoted_ = true;
      if (at_ == At::kKey) value_.clear();
      value_ += byte;
      return;
    case '{':
    case '[':
      ++depth_;
      if (inner) value_ += byte;
      return;
    case '}':
    case ']':
      if (depth_ > base_) {
        value_ += byte;
        --depth_;
        return;
      }
      EndValue();
      --depth_;
      at_ = At::kBehind;
      if (base_ > 1) {
        --base_;
      } else {
        done_ = true;
      }
      return;
    case ',':
      if (depth_ == base_) {
        EndValue();
        at_ = At::kKey;
      } else {
        value_ += byte;
      }
      return;
    case ':':
      if (at_ == At::kColon) {
        at_ = At::kValue;
        value_.clear();
        taken_ = 0;
        return;
      }
      break;
    default:
      break;
  }
  if (at_ == At::kValue) value_ += byte;
}

void JsonCallReader::BeginValue(char byte) {
  if (byte == '{' && key_ == "function" && base_ == 1) {
    ++depth_;
    ++base_;
    at_ = At::kKey;
    return;
  }
  if (byte == ',' || byte == '}') {  // no value at all
    at_ = At::kBehind;
    PutStructural(byte);
    return;
  }
  value_ += byte;
  if (byte == '"') quoted_ = true;
  if (byte == '{' || byte == '[') ++depth_;
}

void JsonCallReader::EndKey() {
  key_ = Unquoted(value_);
  value_.clear();
  at_ = At::kColon;
  if (name_key_.empty() && base_ == 1) {
    SetName(key_);
    return;
  }
  const bool usual = IsName(key_) || IsArguments(key_) || key_ == "type" ||
                     key_ == "id" || key_ == "tool_call_id" ||
                     key_ == "function";
  if (!usual && !name_) strange_ = true;
}

void JsonCallReader::SetName(std::string name) {
  if (!name_ && !name.empty()) name_ = std::move(name);
}

void JsonCallReader::EndValue() {
  if (at_ != At::kValue) return;
  while (!value_.empty() && IsSpaceByte(value_.back())) value_.pop_back();
  const bool is_text = value_.size() > 1 && value_.front() == '"';
  if (IsArguments(key_)) {
    arguments_ += is_text ? Unquoted(value_)
                          : value_.substr(std::min(taken_, value_.size()));
  } else if (is_text && (IsName(key_) || (key_ == "function" && base_ == 1))) {
    SetName(Unquoted(value_));
  } else if (key_ == "id" || key_ == "tool_call_id") {
    id_ = is_text ? Unquoted(value_) : value_;
  }
  value_.clear();
}

std::string JsonCallReader::TakeArguments() {
  if (!name_) return "";
  std::string taken = std::exchange(arguments_, {});
  const bool streams = at_ == At::kValue && IsArguments(key_) &&
                       !value_.empty() && value_.front() != '"';
  if (!streams) return taken;
  // A text is handed on when it is whole; other values as they come, white
  // space only once more of them follows.
  size_t end = value_.size();
  while (end > 1 && IsSpaceByte(value_[end - 1])) --end;
  if (end > taken_) {
    taken += value_.substr(taken_, end - taken_);
    taken_ = end;
  }
  return taken;
}

}  // namespace fullstop
