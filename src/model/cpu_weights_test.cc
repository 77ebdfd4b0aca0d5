#include "model/cpu_weights.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "format/gguf.h"
#include "kernels/kernels.h"
#include "model/graph_test_model.h"

namespace fullstop {
namespace {

using kernels::Layout;

// A packed matrix of WIDTH rows of which a step takes ROWS from row FIRST on.
TensorId AddPacked(TestGraph& test, const std::string& name, uint64_t width,
                   uint64_t rows, uint64_t first) {
  const TensorId weight =
      test.Packed(name + "_w", {kTestWidth, width}, TensorType::kQ8_0);
  const ValueId out = test.Value(name, rows);
  test.Add(LinearStep{
      test.x(), {{.weight = weight, .bias = {}, .out = out, .first = first}}});
  return weight;
}

std::vector<float> RowsOf(const kernels::Matrix& w) {
  const kernels::Kernels kernels = kernels::Kernels::Select();
  std::vector<float> rows(static_cast<size_t>(w.rows * w.columns));
  for (int64_t row = 0; row < w.rows; ++row) {
    kernels.DequantizeRow(w, row, rows.data() + row * w.columns);
  }
  return rows;
}

TEST(CpuWeightsTest, CopiesOfWhatIsMultipliedAreStripsWhereThoseAreRead) {
  TestGraph test;
  const TensorId whole = AddPacked(test, "whole", 40, 40, 0);
  const TensorId at_strip = AddPacked(test, "at_strip", 32, 16, 16);
  const TensorId within = AddPacked(test, "within", 24, 16, 8);
  const TensorId parts = AddPacked(test, "parts", 24, 16, 0);
  test.Add(LinearStep{test.x(),
                      {{.weight = parts,
                        .bias = {},
                        .out = test.Value("rest", 8),
                        .first = 8}}});
  const std::string bytes = test.Finish();
  const GgufFile file =
      GgufFile::Parse(std::as_bytes(std::span(bytes)), "test.gguf");
  ThreadPool pool(2);
  for (const kernels::CpuPath path : kernels::Kernels::AvailablePaths()) {
    const auto kernels = kernels::Kernels::Select(path);
    const CpuWeights mapped(file, test.graph(), kernels,
                            WeightPlacement::kMapped, pool);
    const CpuWeights copied(file, test.graph(), kernels,
                            WeightPlacement::kCopied, pool);
    const Layout layout = kernels.ReadsStrips(TensorType::kQ8_0)
                              ? Layout::kStrips
                              : Layout::kRows;
    EXPECT_EQ(copied.matrix(whole).layout, layout);
    EXPECT_EQ(copied.matrix(at_strip).layout, layout);
    EXPECT_EQ(copied.matrix(within).layout, Layout::kRows);
    EXPECT_EQ(copied.matrix(parts).layout, Layout::kRows);
    for (const TensorId id :
         {whole, at_strip, within, parts, test.graph().head}) {
      EXPECT_EQ(mapped.matrix(id).layout, Layout::kRows);
      EXPECT_NE(copied.matrix(id).data, mapped.matrix(id).data);
      EXPECT_EQ(RowsOf(copied.matrix(id)), RowsOf(mapped.matrix(id)));
    }
  }
}

}  // namespace
}  // namespace fullstop
