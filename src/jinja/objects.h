// What the tags of a Value point to. Only makers in this room see these.
#ifndef FULLSTOP_JINJA_OBJECTS_H_
#define FULLSTOP_JINJA_OBJECTS_H_

#include <string>
#include <utility>
#include <vector>

#include "jinja/bigint.h"
#include "jinja/value.h"

namespace fullstop::jinja {

class StringObject : public Object {
 public:
  StringObject(Text text, bool markup)
      : text_(std::move(text)), markup_(markup) {}
  const Text& text() const { return text_; }
  Text& text() { return text_; }
  // Whether markupsafe's Markup, not str: what escape and safe return.
  bool markup() const { return markup_; }

 private:
  Text text_;
  bool markup_;
};

class BigIntObject : public Object {
 public:
  explicit BigIntObject(BigInt value) : value_(std::move(value)) {}
  const BigInt& value() const { return value_; }

 private:
  BigInt value_;
};

// A list or a tuple.
class SequenceObject : public Object {
 public:
  explicit SequenceObject(std::vector<Value> items, bool group = false)
      : items_(std::move(items)), group_(group) {}
  const std::vector<Value>& items() const { return items_; }
  // A tuple of groupby, which also has the attributes grouper and list.
  bool group() const { return group_; }
  void Surrender(std::vector<Value>* held) override {
    for (Value& item : items_) item.SurrenderTo(held);
    items_.clear();
  }

 private:
  std::vector<Value> items_;
  bool group_;
};

class DictObject : public Object {
 public:
  explicit DictObject(Dict dict) : dict_(std::move(dict)) {}
  const Dict& dict() const { return dict_; }
  void Surrender(std::vector<Value>* held) override { dict_.Surrender(held); }

 private:
  Dict dict_;
};

// Jinja2's Undefined; what it says when it is used.
class UndefinedObject : public Object {
 public:
  // NAME was looked up on a value of TYPE ("" where it was a variable).
  UndefinedObject(Value name, std::string_view type) : type_(type) {
    if (name.is_string() || name.is_small_int()) name_ = std::move(name);
  }
  explicit UndefinedObject(std::string hint) : hint_(std::move(hint)) {}
  std::string Message() const;

 private:
  Value name_;
  std::string type_;
  std::string hint_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_OBJECTS_H_
