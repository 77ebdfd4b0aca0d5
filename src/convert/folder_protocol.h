// The vocabulary and the turn protocol of a folder.
#ifndef FULLSTOP_CONVERT_FOLDER_PROTOCOL_H_
#define FULLSTOP_CONVERT_FOLDER_PROTOCOL_H_

#include <memory>

#include "format/hf_folder.h"
#include "protocol/sources.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/tokenizer_spec.h"

namespace fullstop {

struct FolderProtocol {
  TokenizerSpec spec;
  ProtocolSources sources;
  std::shared_ptr<const TurnProtocol> protocol;
};

// Throws Error as the readers of the folder's tokenizer do; kNotFound where it
// has none.
FolderProtocol ReadFolderProtocol(const HfFolder& folder);

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_FOLDER_PROTOCOL_H_
