#include "doctor/target.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

// Of two vocabularies of one model a few tokens may differ: a name for a
// reserved one. More than one in so many are another model's.
constexpr size_t kOneInTexts = 50;

}  // namespace

Target Target::Open(const std::string& path) {
  Target target;
  target.vocabulary_ = std::make_unique<const Vocabulary>(path);
  target.sources_ = target.vocabulary_->Sources();
  target.protocol_ = TurnProtocol::Resolve(target.sources_);
  return target;
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
  return vocabulary_->gguf() != nullptr ? TargetKind::kGguf
                                        : TargetKind::kFolder;
}

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
  return kind == TargetKind::kGguf ? "GGUF file" : "folder";
}

std::string TokenName(const Target& target, TokenId id) {
  return std::string(target.vocabulary()->info(id).text) + " (" +
         std::to_string(id) + ")";
}

}  // namespace fullstop
