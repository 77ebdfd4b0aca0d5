// Bytes as a data file: rows in any layout, read and checked.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/error.h"
#include "data/json_rows.h"
#include "data/raw_check.h"
#include "data/raw_row.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string path =
      "/tmp/raw_rows_fuzz." + std::to_string(::getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data),
             static_cast<std::streamsize>(size));
  try {
    fullstop::JsonRows rows(path);
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
