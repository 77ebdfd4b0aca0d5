#include "engine/vocabulary.h"

#include <filesystem>
#include <utility>

#include "engine/model_store.h"
#include "protocol/sources_folder.h"

namespace fullstop {

Vocabulary::Vocabulary(const std::string& model) : path_(ResolveModel(model)) {
  if (std::filesystem::is_directory(path_)) {
    folder_ = std::make_unique<const HfFolder>(HfFolder::Open(path_));
    tokenizer_ = Tokenizer::FromFolder(*folder_);
  } else {
    gguf_ = std::make_unique<const GgufFile>(GgufFile::Open(path_));
    tokenizer_ = Tokenizer::FromGguf(*gguf_);
  }
}

Vocabulary::Vocabulary(HfFolder folder)
    : path_(folder.path()),
      folder_(std::make_unique<const HfFolder>(std::move(folder))),
      tokenizer_(Tokenizer::FromFolder(*folder_)) {}

ProtocolSources Vocabulary::Sources() const {
  return folder_ ? SourcesFromFolder(*folder_, tokenizer_)
                 : SourcesFromGguf(*gguf_, tokenizer_);
}

}  // namespace fullstop
