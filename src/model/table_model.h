// A table of logits that plays the model, for tests of what stands above it.
#ifndef FULLSTOP_MODEL_TABLE_MODEL_H_
#define FULLSTOP_MODEL_TABLE_MODEL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "model/forward.h"
#include "model/host_result.h"

namespace fullstop {

// Keeps the ids of each sequence and makes the checks of its caller that every
// model makes (model/rows.h). Both phases give the same. One thread.
class TableModel final : public ForwardModel {
 public:
  // The logits behind IDS, the sequence up to and with the row: as many as the
  // vocabulary has tokens.
  using Table = std::function<std::vector<float>(std::span<const TokenId> ids)>;

  TableModel(int32_t vocabulary_size, int32_t context_length, Table table);

  // A row's hidden state is one number, its token. Throws Error (kUsage) for
  // rows given as embeddings.
  ForwardResult& Forward(std::span<const Row> rows, Phase phase) override;
  int32_t SequenceLength(SequenceId sequence) const override;
  void CopySequence(SequenceId from, SequenceId to, int32_t length) override;
  void CutSequence(SequenceId sequence, int32_t length) override;
  void DropSequence(SequenceId sequence) override;
  // A byte for each position of each sequence.
  uint64_t cache_bytes() const override;
  uint64_t SequenceBytes(int32_t length) const override {
    return static_cast<uint64_t>(length);
  }
  int32_t vocabulary_size() const override { return vocabulary_size_; }
  int32_t embedding_length() const override { return 1; }
  int32_t context_length() const override { return context_length_; }

  // For the test: the ids that SEQUENCE holds.
  std::span<const TokenId> Ids(SequenceId sequence) const;
  // The rows evaluated so far.
  int64_t evaluated() const { return evaluated_; }

 private:
  HostResult::RowResult Answer(const Row& row,
                               std::span<const TokenId> ids) const;

  const int32_t vocabulary_size_;
  const int32_t context_length_;
  const Table table_;
  std::map<SequenceId, std::vector<TokenId>> sequences_;
  int64_t evaluated_ = 0;
  HostResult result_;
};

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_TABLE_MODEL_H_
