#include "model/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/threads.h"
#include "model/architectures.h"
#include "model/cpu_model.h"
#include "model/kv_cache.h"

namespace fullstop {

std::unique_ptr<ForwardModel> LoadModel(const GgufFile& file,
                                        const ModelOptions& options) {
  if (options.context_length < 0 || options.threads < 0 || options.batch < 1) {
    throw Error::Usage(
        fmt::format("context {}, threads {} or batch {} is out of range",
                    options.context_length, options.threads, options.batch));
  }
  Graph graph = DescribeModel(file);
  const auto context =
      options.context_length > 0
          ? options.context_length
          : static_cast<int32_t>(std::min<uint64_t>(
                graph.trained_context, std::numeric_limits<int32_t>::max()));
  return std::make_unique<CpuModel>(
      file, std::move(graph),
      CpuModel::Options{.context_length = context,
                        .threads = options.threads > 0 ? options.threads
                                                       : AvailableProcessors(),
                        .batch = options.batch},
      kernels::Kernels::Select(options.cpu_path));
}

uint64_t CacheBytesPerPosition(const GgufFile& file) {
  return KvCache(DescribeModel(file).cache).BytesPerPosition();
}

}  // namespace fullstop
