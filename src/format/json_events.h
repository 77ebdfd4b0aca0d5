// A JSON text as a sequence of events with their places, for readers that
// bound what foreign text costs: nothing is kept but what the reader keeps.
#ifndef FULLSTOP_FORMAT_JSON_EVENTS_H_
#define FULLSTOP_FORMAT_JSON_EVENTS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fullstop {

// Each call returns, or throws an Error made by Bad. DEPTH counts the objects
// and arrays around the event.
class JsonEvents {
 public:
  virtual ~JsonEvents() = default;

  virtual void StartObject(size_t depth) = 0;
  virtual void Key(std::string& key, size_t depth) = 0;
  virtual void EndObject(size_t depth) = 0;
  virtual void StartArray(size_t depth) = 0;
  virtual void EndArray(size_t depth) = 0;
  // The text may be moved out.
  virtual void String(std::string& text, size_t depth) = 0;
  virtual void Unsigned(uint64_t number, size_t depth) = 0;
  // Null, a truth value, or another number.
  virtual void Other(size_t depth) = 0;

  // The error at the event in progress.
  Error Bad(std::string what) const;
  // Of the event in progress, in the file: behind a text or a number, at a
  // bracket.
  uint64_t byte() const;

 private:
  friend void ReadJsonEvents(std::string_view text, const std::string& name,
                             uint64_t first_byte, JsonEvents* events);
  const std::string* name_ = nullptr;
  const char* const* position_ = nullptr;
  const char* begin_ = nullptr;
  uint64_t first_byte_ = 0;
};

// Sends what TEXT holds to EVENTS, in memory below a bit for each level of
// nesting and 12 MiB. NAME, and FIRST_BYTE as the place of TEXT in that file,
// stand in the errors. Throws Error (kFormat) where TEXT is not JSON in UTF-8
// or holds a text or number of more than 1 MiB, and what EVENTS throws.
void ReadJsonEvents(std::string_view text, const std::string& name,
                    uint64_t first_byte, JsonEvents* events);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_JSON_EVENTS_H_
