#include <algorithm>

#include "base/error.h"
#include "jinja/compare.h"
#include "jinja/value.h"

namespace fullstop::jinja {
namespace {

constexpr size_t kNone = ~size_t{0};

uint64_t HashKey(const Value& key) {
  if (key.is_string()) return HashBytes(key.AsText().view());
  if (const auto hash = Hash(key)) return *hash;
  throw Error::Template("a list or a dict can't be the key of a dict");
}

}  // namespace

template <class Same>
size_t Dict::Lookup(uint64_t hash, Same same) const {
  if (slots_.empty()) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (entries_[i].hash == hash && same(entries_[i].key)) return i;
    }
    return kNone;
  }
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at] != 0; at = (at + 1) & mask) {
    const size_t i = slots_[at] - 1;
    if (entries_[i].hash == hash && same(entries_[i].key)) return i;
  }
  return kNone;
}

size_t Dict::IndexOf(uint64_t hash, const Value& key) const {
  return Lookup(hash, [&key](const Value& other) {
    return Identical(key, other) || Equal(key, other);
  });
}

size_t Dict::IndexOf(uint64_t hash, std::string_view key) const {
  return Lookup(hash, [key](const Value& other) {
    return other.is_string() && other.AsText().view() == key;
  });
}

const Value* Dict::Find(std::string_view key) const {
  const size_t i = IndexOf(HashBytes(key), key);
  return i == kNone ? nullptr : &entries_[i].value;
}

const Value* Dict::Find(const Value& key) const {
  if (key.is_string()) return Find(key.AsText().view());
  const size_t i = IndexOf(HashKey(key), key);
  return i == kNone ? nullptr : &entries_[i].value;
}

void Dict::Set(Value key, Value value) {
  const uint64_t hash = HashKey(key);
  const size_t i = IndexOf(hash, key);
  if (i != kNone) {
    entries_[i].value = std::move(value);
    return;
  }
  Append(std::move(key), std::move(value), hash);
}

void Dict::Set(std::string_view key, Value value, Origin key_origin) {
  const uint64_t hash = HashBytes(key);
  const size_t i = IndexOf(hash, key);
  if (i != kNone) {
    entries_[i].value = std::move(value);
    return;
  }
  Append(Value::String(std::string(key), key_origin), std::move(value), hash);
}

void Dict::Append(Value key, Value value, uint64_t hash) {
  entries_.push_back({std::move(key), std::move(value), hash});
  if (entries_.size() <= kScanned) return;
  if (entries_.size() * 2 > slots_.size()) {
    Grow();
    return;
  }
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  while (slots_[at] != 0) at = (at + 1) & mask;
  slots_[at] = static_cast<uint32_t>(entries_.size());
}

void Dict::Grow() {
  slots_.assign(std::max<size_t>(32, slots_.size() * 4), 0);
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t at = entries_[i].hash & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = static_cast<uint32_t>(i + 1);
  }
}

void Dict::Surrender(std::vector<Value>* held) {
  for (Entry& entry : entries_) {
    entry.key.SurrenderTo(held);
    entry.value.SurrenderTo(held);
  }
  entries_.clear();
  slots_.clear();
}

}  // namespace fullstop::jinja
