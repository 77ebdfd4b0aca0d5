#ifndef FULLSTOP_JINJA_VALUE_H_
#define FULLSTOP_JINJA_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/object.h"
#include "jinja/text.h"

namespace fullstop::jinja {

class BigInt;
class Dict;

// A value of the template language, with Python's meaning. Copying costs one
// reference count; what is shared is never changed, so a Value and its copies
// may be read from any number of threads.
class Value {
 public:
  // none, of the template's origin.
  Value() = default;
  Value(const Value& other)
      : tag_(other.tag_), origin_(other.origin_), payload_(other.payload_) {
    if (HoldsObject()) payload_.object->Retain();
  }
  Value(Value&& other) noexcept : Value() { swap(other); }
  Value& operator=(const Value& other) {
    Value copy(other);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Value() {
    if (HoldsObject()) Release();
  }

  static Value None(Origin origin = kTemplateOrigin);
  static Value Bool(bool value, Origin origin = kTemplateOrigin);
  static Value Int(int64_t value, Origin origin = kTemplateOrigin);
  static Value Float(double value, Origin origin = kTemplateOrigin);
  static Value String(std::string bytes, Origin origin = kTemplateOrigin);
  static Value String(Text text);
  static Value List(std::vector<Value> items, Origin origin = kTemplateOrigin);
  static Value Tuple(std::vector<Value> items, Origin origin = kTemplateOrigin);
  static Value Map(Dict dict, Origin origin = kTemplateOrigin);
  // JSON's value with every string, key, number and container of ORIGIN. An
  // integer past int64 stays exact. Throws Error (kLimit) past 500 levels.
  static Value FromJson(const nlohmann::ordered_json& json,
                        Origin origin = kTemplateOrigin);

  bool is_undefined() const { return tag_ == Tag::kUndefined; }
  bool is_none() const { return tag_ == Tag::kNone; }
  bool is_bool() const { return tag_ == Tag::kBool; }
  bool is_string() const { return tag_ == Tag::kString; }
  bool is_list() const { return tag_ == Tag::kList; }
  bool is_tuple() const { return tag_ == Tag::kTuple; }
  bool is_dict() const { return tag_ == Tag::kDict; }

  // The origin of the value itself; of a string, that of its first byte.
  Origin origin() const;

  // Each must be called on its type only.
  bool AsBool() const { return payload_.boolean; }
  double AsFloat() const { return payload_.real; }
  const Text& AsText() const;
  const std::vector<Value>& AsItems() const;  // of a list or a tuple
  const Dict& AsDict() const;

  // The rest of this class serves the room itself.
  enum class Tag : uint8_t {
    kMissing,  // a variable that was never set; no template sees it
    kNone,
    kBool,
    kInt,
    kFloat,
    kUndefined,
    kBigInt,
    kString,
    kList,
    kTuple,
    kDict,
    kObject,
  };
  Tag tag() const { return tag_; }
  bool is_missing() const { return tag_ == Tag::kMissing; }
  bool is_small_int() const { return tag_ == Tag::kInt; }
  bool is_markup() const;
  // Of a kInt whose tag is Tag::kInt.
  int64_t AsSmallInt() const { return payload_.integer; }
  const BigInt& AsBigInt() const;
  // Of a string: the text, to be changed, where no other value shares it, else
  // nullptr.
  Text* SoleText();
  Object* object() const { return payload_.object; }
  // Of an object's value, for Object::Surrender.
  void SurrenderTo(std::vector<Value>* held) {
    if (tag_ >= Tag::kList) held->push_back(std::move(*this));
  }
  static Value Missing();
  // NAME was not found on a value of TYPE ("" where it is a variable).
  static Value Undefined(Value name, std::string_view type);
  static Value Undefined(std::string hint);
  static Value Group(Value grouper, Value list);
  static Value Markup(Text text);
  // Narrowed to a small int where it fits.
  static Value Big(BigInt value, Origin origin);
  // Takes over one reference.
  static Value Adopt(Tag tag, Object* object, Origin origin = kTemplateOrigin);
  static Value Share(Object* object, Origin origin = kTemplateOrigin);

  void swap(Value& other) noexcept {
    std::swap(tag_, other.tag_);
    std::swap(origin_, other.origin_);
    std::swap(payload_, other.payload_);
  }

 private:
  bool HoldsObject() const { return tag_ >= Tag::kUndefined; }
  void Release();

  Tag tag_ = Tag::kNone;
  Origin origin_ = kTemplateOrigin;
  union Payload {
    int64_t integer;
    bool boolean;
    double real;
    Object* object;
  } payload_ = {.integer = 0};
};

// A dict: insertion order, Python's equality of keys (1, 1.0 and True are one).
// A value: copying costs its entries. Not to be changed once shared.
class Dict {
 public:
  struct Entry {
    Value key;
    Value value;
    uint64_t hash;
  };

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }
  const Entry& at(size_t index) const { return entries_[index]; }

  // nullptr where there is none. The pointer lives until the next change.
  const Value* Find(std::string_view key) const;
  // Throws Error (kTemplate) where KEY cannot be a key: a list, a dict.
  const Value* Find(const Value& key) const;
  // Makes room for COUNT entries.
  void Reserve(size_t count) { entries_.reserve(count); }
  // Replaces the value of an equal key, which keeps its place, or appends.
  void Set(Value key, Value value);
  void Set(std::string_view key, Value value,
           Origin key_origin = kTemplateOrigin);
  // Moves all keys and values to the end of HELD.
  void Surrender(std::vector<Value>* held);

 private:
  static constexpr size_t kScanned = 8;
  size_t IndexOf(uint64_t hash, const Value& key) const;
  size_t IndexOf(uint64_t hash, std::string_view key) const;
  template <class Same>
  size_t Lookup(uint64_t hash, Same same) const;
  void Append(Value key, Value value, uint64_t hash);
  void Grow();

  std::vector<Entry> entries_;
  // Open addressing over entries_, index + 1; unused up to kScanned entries.
  std::vector<uint32_t> slots_;
};

}  // namespace fullstop::jinja

#endif  // FULLSTOP_JINJA_VALUE_H_
