#include "engine/row_scheduler.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace fullstop {

void RowScheduler::Add(Ticket ticket, Phase phase, int32_t count) {
  assert(count > 0 && !decode_.contains(ticket) && !prefill_.contains(ticket));
  if (phase == Phase::kDecode) {
    decode_.emplace(ticket, count);
  } else {
    prefill_.emplace(ticket, Prompt{.count = count, .served = steps_});
  }
}

void RowScheduler::Remove(Ticket ticket) {
  decode_.erase(ticket);
  prefill_.erase(ticket);
}

std::vector<RowScheduler::Ticket> RowScheduler::Chosen(size_t rows) const {
  std::vector<Ticket> chosen;
  for (const auto& [ticket, prompt] : prefill_) chosen.push_back(ticket);
  if (chosen.size() > rows) {
    std::ranges::sort(chosen, {}, [this](Ticket ticket) {
      return std::tuple(prefill_.at(ticket).served, ticket);
    });
    chosen.resize(rows);
  }
  std::ranges::sort(chosen, {}, [this](Ticket ticket) {
    return std::tuple(prefill_.at(ticket).count, ticket);
  });
  return chosen;
}

RowScheduler::Step RowScheduler::Next() {
  Step step;
  ++steps_;
  for (const auto& [ticket, count] : decode_) {
    step.decode.push_back({ticket, 0, count});
  }
  decode_.clear();
  int32_t left =
      step.decode.empty() ? options_.prefill_rows : options_.mixed_rows;
  const std::vector<Ticket> chosen = Chosen(static_cast<size_t>(left));
  auto others = static_cast<int32_t>(chosen.size());
  for (const Ticket ticket : chosen) {
    Prompt& prompt = prefill_.at(ticket);
    const int32_t count = std::min(prompt.count, left / others--);
    step.prefill.push_back({ticket, prompt.first, count});
    left -= count;
    prompt.first += count;
    prompt.count -= count;
    prompt.served = steps_;
    if (prompt.count == 0) prefill_.erase(ticket);
  }
  std::ranges::sort(step.prefill, {}, &Part::ticket);
  return step;
}

}  // namespace fullstop
