// A Hugging Face folder made from a GGUF file.
#ifndef FULLSTOP_CONVERT_TO_FOLDER_H_
#define FULLSTOP_CONVERT_TO_FOLDER_H_

#include <string>

#include "convert/progress.h"
#include "convert/to_gguf.h"
#include "format/gguf.h"

namespace fullstop {

// Writes the model in FILE as the folder PATH, beside it and renamed: weights,
// configuration, vocabulary, template, ends, sampling defaults. Then reads it
// as any reader does; keys that come out otherwise are remarks. Throws Error:
// kUnsupported for quantised tensors, for an architecture that is none of
// ours and tensors that have no name in its folders; kUsage where PATH is
// there and is no empty folder; kIo.
ConvertResult GgufToFolder(const GgufFile& file, const std::string& path,
                           const ConvertProgress& progress);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TO_FOLDER_H_
