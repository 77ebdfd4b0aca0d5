#include "jinja/value.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "jinja/compare.h"
#include "jinja/objects.h"

namespace fullstop::jinja {

void Value::Release() {
  if (!payload_.object->Drop()) return;
  std::vector<Value> held;
  payload_.object->Surrender(&held);
  delete payload_.object;
  tag_ = Tag::kNone;
  while (!held.empty()) {
    Value last;
    last.swap(held.back());
    held.pop_back();
    if (!last.HoldsObject()) continue;
    if (last.payload_.object->Drop()) {
      last.payload_.object->Surrender(&held);
      delete last.payload_.object;
    }
    last.tag_ = Tag::kNone;
  }
}

Value Value::None(Origin origin) {
  Value value;
  value.origin_ = origin;
  return value;
}

Value Value::Missing() {
  Value value;
  value.tag_ = Tag::kMissing;
  return value;
}

Value Value::Bool(bool boolean, Origin origin) {
  Value value;
  value.tag_ = Tag::kBool;
  value.origin_ = origin;
  value.payload_.boolean = boolean;
  return value;
}

Value Value::Int(int64_t integer, Origin origin) {
  Value value;
  value.tag_ = Tag::kInt;
  value.origin_ = origin;
  value.payload_.integer = integer;
  return value;
}

Value Value::Float(double real, Origin origin) {
  Value value;
  value.tag_ = Tag::kFloat;
  value.origin_ = origin;
  value.payload_.real = real;
  return value;
}

Value Value::Adopt(Tag tag, Object* object, Origin origin) {
  Value value;
  value.tag_ = tag;
  value.origin_ = origin;
  value.payload_.object = object;
  return value;
}

Value Value::Share(Object* object, Origin origin) {
  object->Retain();
  return Adopt(Tag::kObject, object, origin);
}

Value Value::String(std::string bytes, Origin origin) {
  return String(Text(std::move(bytes), origin));
}

Value Value::String(Text text) {
  return Adopt(Tag::kString, new StringObject(std::move(text), false));
}

Value Value::Markup(Text text) {
  return Adopt(Tag::kString, new StringObject(std::move(text), true));
}

Value Value::List(std::vector<Value> items, Origin origin) {
  return Adopt(Tag::kList, new SequenceObject(std::move(items)), origin);
}

Value Value::Tuple(std::vector<Value> items, Origin origin) {
  return Adopt(Tag::kTuple, new SequenceObject(std::move(items)), origin);
}

Value Value::Group(Value grouper, Value list) {
  std::vector<Value> items;
  items.push_back(std::move(grouper));
  items.push_back(std::move(list));
  return Adopt(Tag::kTuple, new SequenceObject(std::move(items), true));
}

Value Value::Map(Dict dict, Origin origin) {
  return Adopt(Tag::kDict, new DictObject(std::move(dict)), origin);
}

Value Value::Big(BigInt value, Origin origin) {
  if (const auto narrow = value.ToInt64()) return Int(*narrow, origin);
  return Adopt(Tag::kBigInt, new BigIntObject(std::move(value)), origin);
}

Value Value::Undefined(Value name, std::string_view type) {
  return Adopt(Tag::kUndefined, new UndefinedObject(std::move(name), type));
}

Value Value::Undefined(std::string hint) {
  return Adopt(Tag::kUndefined, new UndefinedObject(std::move(hint)));
}

namespace {

Value Import(const nlohmann::ordered_json& json, Origin origin, int depth) {
  if (depth > kMaxNesting) FailNesting();
  switch (json.type()) {
    case nlohmann::ordered_json::value_t::boolean:
      return Value::Bool(json.get<bool>(), origin);
    case nlohmann::ordered_json::value_t::number_integer:
      return Value::Int(json.get<int64_t>(), origin);
    case nlohmann::ordered_json::value_t::number_unsigned: {
      const uint64_t number = json.get<uint64_t>();
      BigInt big(static_cast<int64_t>(number >> 1));
      return Value::Big(big + big + BigInt(static_cast<int64_t>(number & 1)),
                        origin);
    }
    case nlohmann::ordered_json::value_t::number_float:
      return Value::Float(json.get<double>(), origin);
    case nlohmann::ordered_json::value_t::string:
      return Value::String(json.get_ref<const std::string&>(), origin);
    case nlohmann::ordered_json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const auto& item : json) {
        items.push_back(Import(item, origin, depth + 1));
      }
      return Value::List(std::move(items), origin);
    }
    case nlohmann::ordered_json::value_t::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) {
        dict.Set(key, Import(item, origin, depth + 1), origin);
      }
      return Value::Map(std::move(dict), origin);
    }
    default:
      return Value::None(origin);
  }
}

}  // namespace

Value Value::FromJson(const nlohmann::ordered_json& json, Origin origin) {
  return Import(json, origin, 0);
}

Origin Value::origin() const {
  return is_string() ? AsText().origin() : origin_;
}

bool Value::is_markup() const {
  return is_string() &&
         static_cast<const StringObject*>(payload_.object)->markup();
}

const Text& Value::AsText() const {
  return static_cast<const StringObject*>(payload_.object)->text();
}

Text* Value::SoleText() {
  if (!payload_.object->Sole()) return nullptr;
  return &static_cast<StringObject*>(payload_.object)->text();
}

const std::vector<Value>& Value::AsItems() const {
  return static_cast<const SequenceObject*>(payload_.object)->items();
}

const Dict& Value::AsDict() const {
  return static_cast<const DictObject*>(payload_.object)->dict();
}

const BigInt& Value::AsBigInt() const {
  return static_cast<const BigIntObject*>(payload_.object)->value();
}

std::string UndefinedObject::Message() const {
  if (!hint_.empty()) return hint_;
  std::string name = "that";
  if (name_.is_string()) {
    name = "'" + name_.AsText().bytes() + "'";
  } else if (name_.is_small_int()) {
    name = std::to_string(name_.AsSmallInt());
  }
  if (type_.empty()) return name + " is undefined";
  return "'" + type_ + " object' has no " +
         (name_.is_string() ? "attribute " : "element ") + name;
}

}  // namespace fullstop::jinja
