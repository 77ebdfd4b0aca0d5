// Layers that keep a state by the gated delta rule (arXiv:2412.06464), as steps
// of a graph and as fields of a folder: what Qwen 3 Next and 3.5 share.
#ifndef FULLSTOP_MODEL_DELTA_H_
#define FULLSTOP_MODEL_DELTA_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "model/decoder.h"
#include "model/folder_reader.h"

namespace fullstop {

// The heads of the delta rule.
struct DeltaShape {
  uint64_t key_heads;
  uint64_t value_heads;
  uint64_t key_length;
  uint64_t value_length;
  uint64_t kernel;

  uint64_t keys() const { return key_heads * key_length; }
  uint64_t values() const { return value_heads * value_length; }
  // What is convolved: queries, keys, values.
  uint64_t channels() const { return 2 * keys() + values(); }
  // Value heads of a key head.
  uint64_t repeats() const { return value_heads / key_heads; }
};

// What the state is updated with, and what its result is multiplied by.
struct DeltaGates {
  ValueId alpha;   // [value heads]
  ValueId beta;    // [value heads]
  ValueId result;  // [values]
};
// Adds the steps that make them of H.
using DeltaGatesMaker =
    std::function<DeltaGates(Decoder& d, const DeltaShape& shape)>;

// Throws Error (kFormat).
DeltaShape ReadDeltaKeys(const ModelFile& file, const ModelKeys& keys);

// H = delta(H). Of TILED see DeltaRuleStep.
void AddDelta(Decoder& d, const DeltaShape& shape, bool tiled,
              const DeltaGatesMaker& gates);

// The steps of a model whose layers with ssm_conv1d keep such a state, and
// whose other layers attend.
Graph DescribeDelta(const ModelFile& file, std::string_view architecture,
                    bool tiled, const DeltaGatesMaker& gates);

// The keys that both kinds have, and their tensors but for those of the delta
// rule. Throws Error.
DeltaShape ReadDeltaFolder(FolderReader& f);
// Convolution and decay. MIXED are the channels and HEADS the value heads in
// the order in which GGUF's files hold them.
void ReadDeltaTensors(FolderReader& f, std::vector<AxisRange> mixed,
                      std::vector<AxisRange> heads);

}  // namespace fullstop

#endif  // FULLSTOP_MODEL_DELTA_H_
