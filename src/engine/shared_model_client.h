// What a client of a SharedModel is given.
#ifndef FULLSTOP_ENGINE_SHARED_MODEL_CLIENT_H_
#define FULLSTOP_ENGINE_SHARED_MODEL_CLIENT_H_

#include <cstdint>
#include <map>
#include <span>

#include "engine/shared_model.h"
#include "model/forward.h"
#include "model/host_result.h"
#include "model/rows.h"

namespace fullstop {

// A client's own numbers for its sequences, and how long they are.
class SharedModel::Client final : public ForwardModel {
 public:
  explicit Client(SharedModel* shared) : shared_(*shared) {}
  ~Client() override {
    for (const auto& [sequence, own] : sequences_) shared_.Leave(own.shared);
    shared_.Disconnect(this);
  }

  ForwardResult& Forward(std::span<const Row> rows, Phase phase) override {
    const std::map<SequenceId, int32_t> lengths = CheckRows(rows, *this);
    result_.rows().assign(rows.size(), {});
    if (rows.empty()) return result_;
    Request request;
    request.client = this;
    request.rows.assign(rows.begin(), rows.end());
    request.phase = phase;
    request.result = &result_;
    for (Row& row : request.rows) row.sequence = Own(row.sequence).shared;
    try {
      shared_.Evaluate(&request);
    } catch (...) {
      for (const auto& [sequence, length] : lengths) {
        const Sequence& own = sequences_.at(sequence);
        shared_.Cut(own.shared, own.length);
      }
      throw;
    }
    for (const auto& [sequence, length] : lengths) {
      sequences_.at(sequence).length = length;
    }
    return result_;
  }

  int32_t SequenceLength(SequenceId sequence) const override {
    const auto found = sequences_.find(sequence);
    return found == sequences_.end() ? 0 : found->second.length;
  }

  void CopySequence(SequenceId from, SequenceId to, int32_t length) override {
    CheckPrefix(from, length, *this);
    if (from == to) return CutSequence(to, length);
    DropSequence(to);
    if (length == 0) return;
    shared_.Copy(Own(from).shared, Own(to).shared, length);
    Own(to).length = length;
  }

  void CutSequence(SequenceId sequence, int32_t length) override {
    CheckPrefix(sequence, length, *this);
    const auto found = sequences_.find(sequence);
    if (found == sequences_.end()) return;
    if (length == found->second.length)
      return shared_.Forget(found->second.shared);
    shared_.Cut(found->second.shared, length);
    found->second.length = length;
  }

  void DropSequence(SequenceId sequence) override {
    const auto found = sequences_.find(sequence);
    if (found == sequences_.end()) return;
    shared_.Leave(found->second.shared);
    sequences_.erase(found);
  }

  Recalled Recall(SequenceId sequence, std::span<const TokenId> ids) override {
    Sequence& own = Own(sequence);
    const Recalled recalled = shared_.Recall(own.shared, ids);
    own.length = recalled.length;
    return recalled;
  }

  uint64_t cache_bytes() const override { return shared_.cache_bytes(); }
  uint64_t SequenceBytes(int32_t length) const override {
    return shared_.model_.SequenceBytes(length);
  }
  int32_t vocabulary_size() const override {
    return shared_.model_.vocabulary_size();
  }
  int32_t embedding_length() const override {
    return shared_.model_.embedding_length();
  }
  int32_t context_length() const override {
    return shared_.model_.context_length();
  }

 private:
  struct Sequence {
    SequenceId shared = 0;
    int32_t length = 0;
  };

  Sequence& Own(SequenceId sequence) {
    const auto [own, is_new] = sequences_.try_emplace(sequence);
    if (is_new) own->second.shared = shared_.NewSequence();
    return own->second;
  }

  SharedModel& shared_;
  std::map<SequenceId, Sequence> sequences_;
  HostResult result_;
};

}  // namespace fullstop

#endif  // FULLSTOP_ENGINE_SHARED_MODEL_CLIENT_H_
