// The objects of a data file, one after the other: a JSON array of objects, or
// JSONL.
#ifndef FULLSTOP_DATA_JSON_ROWS_H_
#define FULLSTOP_DATA_JSON_ROWS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace fullstop {

struct JsonRow {
  std::string_view text;  // the object, as long as the JsonRows lives
  size_t line = 0;        // where it begins, from 1
  size_t number = 0;      // among the rows of the file, from 1
};

// Reads nothing ahead: of a mapped file only what was asked for is in memory,
// and what was is given back. One thread.
class JsonRows {
 public:
  // The most bytes of one row.
  static constexpr size_t kMostBytes = 64 << 20;

  // Throws Error (kNotFound, kIo).
  explicit JsonRows(const std::string& path);

  // The next row; false at the end. In JSONL empty lines are passed over. Says
  // nothing of what stands inside of the row but where it ends. Throws Error
  // with the line: kFormat where no object begins, one does not end or the file
  // has none, kLimit where one is longer than kMostBytes.
  bool Next(JsonRow* row);

  // Bytes read, and of the file.
  size_t done() const { return place_; }
  size_t total() const { return text_.size(); }
  const std::string& path() const { return file_.path(); }

 private:
  Error Bad(const std::string& what) const;
  void SkipSpace();
  bool NextOfArray(JsonRow* row);
  bool NextLine(JsonRow* row);
  // The place behind the object that begins at place_.
  size_t EndOfObject() const;
  void Take(size_t end, JsonRow* row);
  void GiveBack();

  MappedFile file_;
  std::string_view text_;
  size_t place_ = 0;
  size_t line_ = 1;
  size_t number_ = 0;
  size_t given_back_ = 0;
  bool is_array_ = false;
  bool first_ = true;
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_JSON_ROWS_H_
