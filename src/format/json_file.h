// The small JSON files beside a model's weights.
#ifndef FULLSTOP_FORMAT_JSON_FILE_H_
#define FULLSTOP_FORMAT_JSON_FILE_H_

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace fullstop {

// Deeper is refused: what walks a JSON value may be recursive.
inline constexpr size_t kMaxJsonDepth = 128;

// What TEXT holds, keys in its order; of a key given twice the last value. NaN
// and Infinity, which Python writes and JSON lacks, are read as null. NAME
// stands in the errors. Throws Error (kFormat) with the byte, the line and the
// column where TEXT is not JSON in UTF-8 or nests too deep.
nlohmann::ordered_json ParseJson(std::string_view text,
                                 const std::string& name);

// The content of the file at PATH. Throws as ParseJson, and Error: kNotFound,
// kIo, kLimit past LIMIT bytes.
nlohmann::ordered_json ReadJsonFile(const std::string& path,
                                    uint64_t limit = 64 << 20);

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_JSON_FILE_H_
