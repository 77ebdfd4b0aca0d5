// What the files of a Hugging Face folder declare.
#ifndef FULLSTOP_PROTOCOL_SOURCES_FOLDER_H_
#define FULLSTOP_PROTOCOL_SOURCES_FOLDER_H_

#include <memory>

#include "protocol/sources.h"

namespace fullstop {

class HfFolder;

// All that FOLDER declares: generation_config.json, config.json (and its
// `text_config`), tokenizer_config.json, special_tokens_map.json,
// added_tokens.json, and the chat templates; where files disagree, a finding
// says who says what. TOKENIZER, which is needed, is that of the same folder.
ProtocolSources SourcesFromFolder(const HfFolder& folder,
                                  std::shared_ptr<const Tokenizer> tokenizer);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_SOURCES_FOLDER_H_
