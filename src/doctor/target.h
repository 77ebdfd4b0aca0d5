// What the doctor looks at: a model's files, opened and resolved.
#ifndef FULLSTOP_DOCTOR_TARGET_H_
#define FULLSTOP_DOCTOR_TARGET_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "doctor/rule.h"
#include "engine/vocabulary.h"
#include "format/peft_adapter.h"
#include "protocol/turn_protocol.h"

namespace fullstop {

class LazyWeights;
class TargetWeights;

enum class TargetKind { kGguf, kFolder, kAdapter };

// Immutable; any number of threads may read.
class Target {
 public:
  // PATH is a GGUF file, the first of a split set, a Hugging Face folder, a
  // PEFT adapter's folder, or a model's name in the cache. BASE is the model
  // that it was trained from; an adapter is seen as who loads it over BASE
  // does. Throws what Vocabulary, PeftAdapter::Open and TurnProtocol::Resolve
  // throw.
  static Target Open(const std::string& path,
                     std::shared_ptr<const Target> base = nullptr);

  // Whether rules may open the weights, to read a few rows; they may, unless
  // somebody says otherwise.
  void set_reads_weights(bool reads) { reads_weights_ = reads; }
  bool reads_weights() const { return reads_weights_; }

  // Lets rules compare with MODEL, the folder that a GGUF file was made from.
  // Throws Error (kUsage) where the one is no folder, the other no GGUF file,
  // or their vocabularies are of different models.
  void CompareWith(std::shared_ptr<const Target> model);
  // nullptr where nothing is known of it.
  const Target* against() const { return against_.get(); }
  // What it was trained from; nullptr where nothing is known of it.
  const Target* base() const { return base_.get(); }
  const std::shared_ptr<const Target>& shared_base() const { return base_; }
  // nullptr where it is none.
  const PeftAdapter* adapter() const { return adapter_.get(); }

  TargetKind kind() const;
  const std::string& path() const { return path_; }
  // Whether it has one: an adapter without a tokenizer and without a base has
  // none. Of such a one neither the vocabulary nor what follows may be asked.
  bool has_vocabulary() const { return vocabulary_ != nullptr; }
  const Vocabulary& vocabulary() const { return *vocabulary_; }
  const ProtocolSources& sources() const { return sources_; }
  const TurnProtocol& protocol() const { return *protocol_; }
  const ProtocolFacts& facts() const { return protocol_->facts(); }
  // Whether its ends are declared in a folder's JSON files.
  bool DeclaresInJson() const;
  // Opened at the first call. Throws what TargetWeights throws, each time.
  const TargetWeights& weights() const;

  // Calls USE with each of the protocol's findings of KIND.
  void ForEach(FindingKind kind,
               const std::function<void(const Finding&)>& use) const;

 private:
  Target() = default;
  void OpenAdapter();

  std::string path_;
  std::unique_ptr<const PeftAdapter> adapter_;
  std::shared_ptr<const Target> base_;
  std::shared_ptr<const LazyWeights> weights_;
  std::unique_ptr<const Vocabulary> vocabulary_;
  ProtocolSources sources_;
  std::shared_ptr<const TurnProtocol> protocol_;
  std::shared_ptr<const Target> against_;
  bool reads_weights_ = true;
};

// The ids whose texts differ, of those that both have.
std::vector<TokenId> OtherTexts(const Tokenizer& a, const Tokenizer& b);

// Adds FORM for each of the protocol's findings of KIND, with its message and
// its evidence.
void PassOn(const Target& target, FindingKind kind, const Diagnosis& form,
            Findings* findings);

// "GGUF file", "folder", "adapter".
std::string_view TargetKindName(TargetKind kind);

// "<|im_end|> (7)".
std::string TokenName(const Target& target, TokenId id);

}  // namespace fullstop

#endif  // FULLSTOP_DOCTOR_TARGET_H_
