// What a model's files say about its protocol, before anything is joined or
// derived. Each kind of file has a function that fills it.
#ifndef FULLSTOP_PROTOCOL_SOURCES_H_
#define FULLSTOP_PROTOCOL_SOURCES_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/facts.h"

namespace fullstop {

class GgufFile;

// An id declared as an end. One entry per declaration: an id may stand here
// several times.
struct DeclaredStop {
  int64_t id = 0;  // as declared: may lie outside the vocabulary
  // Absent where the key says only that it is an end (an eos key, a list).
  std::optional<StopRole> role;
  Source from;
};

// An id declared as "bos", "eos", "unk", "sep", "pad", "cls" or "mask", or by a
// name of the model's own ("image").
struct DeclaredName {
  std::string name;
  int64_t id = 0;  // as declared
  Source from;
};

// A token that a file lists as an added or a special one.
struct DeclaredToken {
  TokenId id = 0;
  Source from;
};

struct ProtocolSources {
  // nullptr where only a template is known: then nothing has ids.
  std::shared_ptr<const Tokenizer> tokenizer;
  // Where the tokenizer's kinds of token were declared.
  Source specials_from{Provenance::kTokenizerConfig, "tokenizer"};
  std::vector<DeclaredStop> stops;
  std::vector<DeclaredName> named;
  std::vector<DeclaredToken> tokens;
  std::optional<bool> add_bos;
  std::vector<TemplateFact> templates;
  std::vector<SamplingDefault> sampling;
  // Ids that the files forbid the sampler.
  std::vector<int64_t> suppressed;
  // What is odd about the files themselves.
  std::vector<Finding> findings;
};

// The tokenizer.*, general.sampling.* and fullstop.* keys of FILE. TOKENIZER is
// that of the same file. Throws Error (kFormat) where a key has a wrong type.
ProtocolSources SourcesFromGguf(const GgufFile& file,
                                std::shared_ptr<const Tokenizer> tokenizer);

// A template alone (render --template with no model). WHERE names its file.
ProtocolSources SourcesFromTemplate(std::string source, std::string where);

}  // namespace fullstop

#endif  // FULLSTOP_PROTOCOL_SOURCES_H_
