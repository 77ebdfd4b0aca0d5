// A Hugging Face folder made from a GGUF file.
#ifndef FULLSTOP_CONVERT_TO_FOLDER_H_
#define FULLSTOP_CONVERT_TO_FOLDER_H_

#include <string>

#include "convert/progress.h"
#include "convert/to_gguf.h"
#include "format/gguf.h"

namespace fullstop {

// How many bytes of weights a file holds: what nearly all published models have
// taken.
inline constexpr uint64_t kMostShard = 5'000'000'000;

// Writes the model in FILE as the folder PATH, beside it and renamed: weights,
// configuration, vocabulary, template, ends, sampling defaults. Then reads it
// as any reader does; keys that come out otherwise are remarks. Weights past
// MOST_SHARD bytes go into several files. Throws Error:
// kUnsupported for quantised tensors, for an architecture that is none of
// ours and tensors that have no name in its folders; kFormat for tensors that
// don't fit the configuration; kUsage where PATH is
// there and is no empty folder; kIo.
ConvertResult GgufToFolder(const GgufFile& file, const std::string& path,
                           const ConvertProgress& progress,
                           uint64_t most_shard = kMostShard);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TO_FOLDER_H_
