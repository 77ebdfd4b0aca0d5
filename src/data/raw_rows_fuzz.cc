// Bytes as a data file: rows in any layout, read and checked.
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "base/fuzz_file.h"
#include "data/json_rows.h"
#include "data/raw_check.h"
#include "data/raw_row.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fullstop::FuzzFile file;
  file.Write(data, size);
  try {
    fullstop::JsonRows rows(file.path());
    fullstop::RawRowReader reader;
    fullstop::JsonRow json;
    fullstop::RawRow row;
    while (rows.Next(&json)) {
      reader.Read(json, &row);
      fullstop::CheckRaw(row, {.control = {"<|x|>", "</s>"}});
      fullstop::HashOf(row);
    }
  } catch (const fullstop::Error&) {
    // An answer.
  }
  return 0;
}
