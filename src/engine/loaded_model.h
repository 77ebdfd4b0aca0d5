// A model opened for use, a GGUF file or a folder: its vocabulary and protocol
// at once, its weights when they are first needed.
#ifndef FULLSTOP_ENGINE_LOADED_MODEL_H_
#define FULLSTOP_ENGINE_LOADED_MODEL_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/vocabulary.h"
#include "model/load.h"
#include "model/model_file.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

// Not copyable; views into it live as long as the object. Tokenizer and
// protocol may be read by any number of threads, file and weights by one.
class LoadedModel {
 public:
  // MODEL is what ResolveModel() takes. Throws Error as Vocabulary and
  // TurnProtocol::Resolve do.
  explicit LoadedModel(const std::string& model,
                       const ResolveOptions& resolve = {},
                       const ModelOptions& compute = {});

  const std::string& path() const { return vocabulary_.path(); }
  // Opens the weights of a folder on the first call; throws Error as
  // ReadModelFolder does.
  const ModelFile& file();
  // Whether PATH leads to one of the model's files.
  bool Holds(const std::string& path) const;
  const Tokenizer& tokenizer() const { return *vocabulary_; }
  const TurnProtocol& protocol() const { return *protocol_; }

  // Ids that the file forbids the sampler.
  const std::vector<TokenId>& suppressed() const { return suppressed_; }

  // Loads the weights on the first call; throws Error as LoadModel does.
  ForwardModel& forward();

 private:
  const Vocabulary vocabulary_;
  std::optional<ModelFile> file_;
  std::shared_ptr<const TurnProtocol> protocol_;
  std::vector<TokenId> suppressed_;
  ModelOptions compute_;
  std::unique_ptr<ForwardModel> forward_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_LOADED_MODEL_H_
