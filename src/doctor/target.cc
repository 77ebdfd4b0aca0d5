#include "doctor/target.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "doctor/target_weights.h"

namespace fullstop {
namespace {

// Of two vocabularies of one model a few tokens may differ: a name for a
// reserved one. More than one in so many are another model's.
constexpr size_t kOneInTexts = 50;

}  // namespace

Target Target::Open(const std::string& path,
                    std::shared_ptr<const Target> base) {
  if (base != nullptr && base->adapter() != nullptr) {
    throw Error::Usage("an adapter is no base")
        .In(base->path())
        .Advice("name the model that it was trained on");
  }
  Target target;
  target.base_ = std::move(base);
  target.weights_ = std::make_shared<const LazyWeights>();
  if (PeftAdapter::IsOne(path)) {
    target.path_ = path;
    target.adapter_ =
        std::make_unique<const PeftAdapter>(PeftAdapter::Open(path));
    target.OpenAdapter();
  } else {
    target.vocabulary_ = std::make_unique<const Vocabulary>(path);
    target.path_ = target.vocabulary_->path();
    target.sources_ = target.vocabulary_->Sources();
  }
  if (target.vocabulary_ != nullptr) {
    target.protocol_ = TurnProtocol::Resolve(target.sources_);
  }
  return target;
}

// What a server sees that loads the base and the adapter's tokenizer.
void Target::OpenAdapter() {
  const GgufFile* gguf =
      base_ == nullptr ? nullptr : base_->vocabulary().gguf();
  const HfFolder* model =
      base_ == nullptr ? nullptr : base_->vocabulary().folder();
  HfFolder folder = HfFolder::OpenAdapter(path_, model);
  if (!folder.tokenizer_files().empty()) {
    vocabulary_ = std::make_unique<const Vocabulary>(std::move(folder));
    sources_ = vocabulary_->Sources();
    if (gguf == nullptr || DeclaresInJson()) return;
    // The tokenizer is the adapter's, all else the file's.
    for (const DeclaredStop& stop : base_->sources().stops) {
      sources_.stops.push_back(stop);
    }
    sources_.sampling = base_->sources().sampling;
    sources_.suppressed = base_->sources().suppressed;
  } else if (gguf != nullptr) {
    vocabulary_ = std::make_unique<const Vocabulary>(base_->path());
    sources_ = base_->sources();
  }
}

void Target::CompareWith(std::shared_ptr<const Target> model) {
  if (kind() != TargetKind::kGguf) {
    throw Error::Usage("only a GGUF file is compared with what it was made of")
        .In(path());
  }
  if (model->kind() != TargetKind::kFolder) {
    throw Error::Usage("a GGUF file is compared with the folder it was made of")
        .In(model->path());
  }
  const Tokenizer& ours = *vocabulary();
  const Tokenizer& theirs = *model->vocabulary();
  const size_t size = std::min(ours.size(), theirs.size());
  const size_t others = OtherTexts(ours, theirs).size();
  if (others > size / kOneInTexts) {
    throw Error::Usage(std::to_string(others) + " of " + std::to_string(size) +
                       " tokens have another text than in " + path() +
                       ": they are of different models")
        .In(model->path());
  }
  against_ = std::move(model);
}

TargetKind Target::kind() const {
  if (adapter_ != nullptr) return TargetKind::kAdapter;
  return vocabulary_->gguf() != nullptr ? TargetKind::kGguf
                                        : TargetKind::kFolder;
}

bool Target::DeclaresInJson() const {
  if (adapter_ == nullptr) return kind() == TargetKind::kFolder;
  const HfFolder* folder =
      vocabulary_ == nullptr ? nullptr : vocabulary_->folder();
  return folder != nullptr &&
         !(folder->config().is_null() && folder->generation_config().is_null());
}

const TargetWeights& Target::weights() const { return weights_->Get(*this); }

void Target::ForEach(FindingKind kind,
                     const std::function<void(const Finding&)>& use) const {
  for (const Finding& finding : facts().findings) {
    if (finding.kind == kind) use(finding);
  }
}

std::vector<TokenId> OtherTexts(const Tokenizer& a, const Tokenizer& b) {
  std::vector<TokenId> ids;
  const auto size = static_cast<TokenId>(std::min(a.size(), b.size()));
  for (TokenId id = 0; id < size; ++id) {
    if (a.info(id).text != b.info(id).text) ids.push_back(id);
  }
  return ids;
}

void PassOn(const Target& target, FindingKind kind, const Diagnosis& form,
            Findings* findings) {
  target.ForEach(kind, [&](const Finding& finding) {
    Diagnosis diagnosis = form;
    diagnosis.message = finding.message;
    diagnosis.evidence = {{finding.evidence, ""}};
    findings->Add(std::move(diagnosis));
  });
}

std::string_view TargetKindName(TargetKind kind) {
  switch (kind) {
    case TargetKind::kGguf:
      return "GGUF file";
    case TargetKind::kFolder:
      return "folder";
    case TargetKind::kAdapter:
      return "adapter";
  }
  return "";
}

std::string TokenName(const Target& target, TokenId id) {
  return std::string(target.vocabulary()->info(id).text) + " (" +
         std::to_string(id) + ")";
}

}  // namespace fullstop
