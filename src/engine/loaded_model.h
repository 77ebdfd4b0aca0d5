// A model file opened for use: its vocabulary and protocol at once, its weights
// when they are first needed.
#ifndef FULLSTOP_ENGINE_LOADED_MODEL_H_
#define FULLSTOP_ENGINE_LOADED_MODEL_H_

#include <memory>
#include <string>
#include <vector>

#include "format/gguf.h"
#include "model/load.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// Not copyable; views into it live as long as the object. File, tokenizer and
// protocol may be read by any number of threads, the weights by one.
class LoadedModel {
 public:
  // MODEL is what ResolveModel() takes. Throws Error as GgufFile::Open,
  // Tokenizer::FromGguf and TurnProtocol::Resolve do.
  explicit LoadedModel(const std::string& model,
                       const ResolveOptions& resolve = {},
                       const ModelOptions& compute = {});

  const std::string& path() const { return file_.paths().front(); }
  const GgufFile& file() const { return file_; }
  // Whether PATH leads to one of the model's files.
  bool Holds(const std::string& path) const;
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  const TurnProtocol& protocol() const { return *protocol_; }

  // Ids that the file forbids the sampler.
  const std::vector<TokenId>& suppressed() const { return suppressed_; }

  // Loads the weights on the first call; throws Error as LoadModel does.
  ForwardModel& forward();

 private:
  GgufFile file_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::shared_ptr<const TurnProtocol> protocol_;
  std::vector<TokenId> suppressed_;
  ModelOptions compute_;
  std::unique_ptr<ForwardModel> forward_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_LOADED_MODEL_H_
