#include "generate/loop_policy.h"

#include <algorithm>
#include <utility>

namespace fullstop {

LoopPolicy::LoopPolicy(OnLoop action, std::vector<TokenId> stop_ids)
    : action_(action), stop_ids_(std::move(stop_ids)) {
  std::sort(stop_ids_.begin(), stop_ids_.end());
}

LoopVerdict LoopPolicy::Accept(TokenId id, bool within_character) {
  detector_.Accept(id);
  within_character_.push_back(within_character);
  if (!detector_.loop().has_value()) return {};
  const Loop loop = *detector_.loop();
  if (action_ == OnLoop::kWarn) return Warn(loop);
  if (action_ == OnLoop::kStepBack && step_backs_ < kMaxStepBacks) {
    return StepBack(loop);
  }
  return {LoopVerdict::Kind::kStop, loop};
}

void LoopPolicy::Rollback(size_t n) {
  detector_.Rollback(n);
  within_character_.resize(size());
  std::erase_if(bans_, [&](const Ban& ban) { return ban.index > size(); });
  std::erase_if(warnings_,
                [&](const Warning& given) { return given.size > size(); });
}

size_t LoopPolicy::held() const {
  const bool may_step_back =
      action_ == OnLoop::kStepBack && step_backs_ < kMaxStepBacks;
  if (!may_step_back) return 0;
  return std::min(detector_.held(), size() - std::min(settled_, size()));
}

std::vector<TokenId> LoopPolicy::banned() const {
  std::vector<TokenId> ids;
  if (step_backs_ == 1) ids = LoopContinuations();
  if (step_backs_ > 1) ids = detector_.Continuations(kSteeredCopy);
  std::erase_if(ids, [this](TokenId id) { return IsStop(id); });
  for (const Ban& ban : bans_) {
    if (ban.index == size()) ids.push_back(ban.id);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

LoopVerdict LoopPolicy::Warn(const Loop& loop) {
  const bool told =
      std::any_of(warnings_.begin(), warnings_.end(), [&](const Warning& w) {
        return w.loop.start == loop.start && w.loop.period == loop.period;
      });
  if (told) return {};
  warnings_.push_back({size(), loop});
  return {LoopVerdict::Kind::kWarn, loop};
}

LoopVerdict LoopPolicy::StepBack(const Loop& loop) {
  const size_t oldest_held = size() - std::min(size(), LoopDetector::kMaxHeld);
  size_t index = std::max({loop.start + loop.period, oldest_held, settled_});
  while (index > 0 && index + 1 < size() && within_character_[index - 1]) {
    ++index;
  }
  const size_t remove = size() - index;
  const TokenId id = detector_.token(index);
  if (IsStop(id)) return {LoopVerdict::Kind::kStop, loop};
  Rollback(remove);
  bans_.push_back({index, id});
  settled_ = index;
  if (step_backs_++ == 0) left_ = loop;
  removed_tokens_ += remove;
  return {LoopVerdict::Kind::kStepBack, loop, remove};
}

std::vector<TokenId> LoopPolicy::LoopContinuations() const {
  std::vector<TokenId> ids;
  if (size() < kSteeredCopy) return ids;
  const auto unit = [this](size_t i) {
    return detector_.token(left_.start + i % left_.period);
  };
  for (size_t begin = 0; begin < left_.period; ++begin) {
    size_t equal = 0;
    while (equal < kSteeredCopy &&
           detector_.token(size() - kSteeredCopy + equal) ==
               unit(begin + equal)) {
      ++equal;
    }
    if (equal == kSteeredCopy) ids.push_back(unit(begin + kSteeredCopy));
  }
  return ids;
}

bool LoopPolicy::IsStop(TokenId id) const {
  return std::binary_search(stop_ids_.begin(), stop_ids_.end(), id);
}

}  // namespace fullstop
