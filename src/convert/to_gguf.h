// A GGUF file made from a folder, or from another GGUF file and a folder.
#ifndef FULLSTOP_CONVERT_TO_GGUF_H_
#define FULLSTOP_CONVERT_TO_GGUF_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "convert/progress.h"
#include "convert/tensor_stream.h"
#include "format/gguf.h"
#include "format/gguf_writer.h"
#include "format/hf_folder.h"
#include "protocol/sources.h"

namespace fullstop {

struct ConvertResult {
  // The progress function stopped it: nothing was written.
  bool stopped = false;
  // What was written gives the same hyper-parameters and tensors again.
  bool complete = true;
  uint64_t tensors = 0;
  uint64_t bytes = 0;  // of their data
  // What could not be carried, or is odd; a sentence each.
  std::vector<std::string> remarks;
  // Of the turn protocol that was read, and of the one that a reader of what
  // was written resolves.
  std::string source_hash;
  std::string written_hash;
};

// Writes the model in FOLDER to PATH, beside it and renamed. Memory: the
// vocabulary and a few MiB, but for tensors that have to be computed, one at a
// time. Throws Error as HfFolder::OpenWeights, ReadModelFolder, the folder's
// tokenizer and NewFile do.
ConvertResult FolderToGguf(const HfFolder& folder, const std::string& path,
                           OutType type, const ConvertProgress& progress);

// Writes FILE to PATH with the vocabulary and the protocol of FOLDER; weights
// and all other keys stay as they are. ADJUST, where it is not empty, changes
// what the folder declares first. Throws Error too: kUsage where the folder's
// vocabulary is longer than FILE's, or its tokens are others.
ConvertResult GgufWithProtocol(
    const GgufFile& file, const HfFolder& folder,
    const std::function<void(ProtocolSources*)>& adjust,
    const std::string& path, const ConvertProgress& progress);

// Writes the tensors of FILE to PATH as they are, behind the keys that ADD_KEYS
// adds.
ConvertResult GgufWithKeys(const GgufFile& file,
                           const std::function<void(GgufWriter*)>& add_keys,
                           const std::string& path,
                           const ConvertProgress& progress);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TO_GGUF_H_
