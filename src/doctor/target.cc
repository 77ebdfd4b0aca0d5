#include "doctor/target.h"

#include <utility>

namespace fullstop {

Target Target::Open(const std::string& path) {
  Target target;
  target.vocabulary_ = std::make_unique<const Vocabulary>(path);
  target.sources_ = target.vocabulary_->Sources();
  target.protocol_ = TurnProtocol::Resolve(target.sources_);
  return target;
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
