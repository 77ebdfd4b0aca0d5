// The vocabulary of a MODEL, without its weights.
#ifndef FULLSTOP_ENGINE_VOCABULARY_H_
#define FULLSTOP_ENGINE_VOCABULARY_H_

#include <memory>
#include <optional>
#include <string>

#include "format/gguf.h"
#include "format/hf_folder.h"
#include "protocol/sources.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// Can be moved; the tokenizer lives as long as the object. Any number of
// threads may read.
class Vocabulary {
 public:
  // MODEL is what ResolveModel() takes. Throws Error as that, GgufFile::Open,
  // HfFolder::Open and the readers of tokenizers do.
  explicit Vocabulary(const std::string& model);
  // Of a folder that was opened. Throws what the readers of tokenizers do.
  explicit Vocabulary(HfFolder folder);

  // Of the GGUF file, the first of a split set, or the folder.
  const std::string& path() const { return path_; }
  const Tokenizer& operator*() const { return *tokenizer_; }
  const Tokenizer* operator->() const { return tokenizer_.get(); }
  const std::shared_ptr<const Tokenizer>& tokenizer() const {
    return tokenizer_;
  }
  // The one or the other is null.
  const GgufFile* gguf() const { return gguf_.get(); }
  const HfFolder* folder() const { return folder_.get(); }
  ProtocolSources Sources() const;

 private:
  std::string path_;
  std::unique_ptr<const GgufFile> gguf_;
  std::unique_ptr<const HfFolder> folder_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_VOCABULARY_H_
