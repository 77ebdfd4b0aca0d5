// A model that counts what it is asked for.
#ifndef FULLSTOP_TESTS_DRIVERS_COUNTING_MODEL_H_
#define FULLSTOP_TESTS_DRIVERS_COUNTING_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/forward.h"

namespace fullstop {

// Counts the rows that a conversation has evaluated, and keeps the logits
// behind its prompt.
class CountingModel : public ForwardModel {
 public:
  explicit CountingModel(ForwardModel& model) : model_(model) {}

  ForwardResult& Forward(std::span<const Row> rows, Phase phase) override {
    ForwardResult& result = model_.Forward(rows, phase);
    (phase == Phase::kPrefill ? prefilled : decoded) += rows.size();
    if (phase == Phase::kPrefill && rows.back().want == Want::kLogits) {
      const std::span<const float> logits = result.Logits(rows.size() - 1);
      prompt_logits.assign(logits.begin(), logits.end());
    }
    return result;
  }
  int32_t SequenceLength(SequenceId sequence) const override {
    return model_.SequenceLength(sequence);
  }
  void CopySequence(SequenceId from, SequenceId to, int32_t length) override {
    model_.CopySequence(from, to, length);
  }
  void CutSequence(SequenceId sequence, int32_t length) override {
    model_.CutSequence(sequence, length);
  }
  void DropSequence(SequenceId sequence) override {
    model_.DropSequence(sequence);
  }
  int32_t vocabulary_size() const override { return model_.vocabulary_size(); }
  int32_t embedding_length() const override {
    return model_.embedding_length();
  }
  int32_t context_length() const override { return model_.context_length(); }

  size_t prefilled = 0;
  size_t decoded = 0;
  std::vector<float> prompt_logits;

 private:
  ForwardModel& model_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TESTS_DRIVERS_COUNTING_MODEL_H_
