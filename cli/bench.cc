#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/threads.h"
#include "cli/arguments.h"
#include "cli/bench_limits.h"
#include "cli/command.h"
#include "cli/help.h"
#include "engine/loaded_model.h"
#include "engine/model_store.h"
#include "kernels/kernels.h"
#include "model/architectures.h"
#include "model/graph_work.h"

namespace fullstop::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  std::string model;
  ComputeArguments compute;
  std::vector<int32_t> prompts = {512};
  std::vector<int32_t> generations = {128};
  // Prompt, what is generated behind it, the next prompt, …
  std::vector<int32_t> pairs = {};
  std::vector<int32_t> depths = {0};
  int32_t repetitions = 5;
  std::string format = "md";
};

// One row of the answer: so many prompt tokens, generated ones or both, behind
// DEPTH others. Names as in llama-bench.
struct Test {
  int32_t n_prompt = 0;
  int32_t n_gen = 0;
  int32_t n_depth = 0;
  std::vector<double> seconds;
  // Of what the machine could do at most; nullopt where reading and computing
  // are mixed.
  std::optional<double> share = std::nullopt;

  std::string name() const {
    std::string out;
    if (n_prompt > 0) out += fmt::format("pp{}", n_prompt);
    if (n_gen > 0) out += fmt::format("{}tg{}", out.empty() ? "" : "+", n_gen);
    if (n_depth > 0) out += fmt::format(" @ d{}", n_depth);
    return out;
  }
};

struct Statistics {
  double mean = 0;
  double deviation = 0;
};

Statistics Summarize(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Statistics out;
  out.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double v : values) squares += (v - out.mean) * (v - out.mean);
  if (values.size() > 1) out.deviation = std::sqrt(squares / (n - 1));
  return out;
}

std::vector<double> Rates(const Test& test) {
  std::vector<double> rates;
  for (const double s : test.seconds) {
    rates.push_back((test.n_prompt + test.n_gen) / s);
  }
  return rates;
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Feeds the model tokens of no meaning.
class Feeder {
 public:
  explicit Feeder(ForwardModel& model) : model_(&model) {}

  void Reset() {
    model_->DropSequence(0);
    length_ = 0;
  }

  void Prefill(int32_t count) {
    if (count == 0) return;
    std::vector<Row> rows(static_cast<size_t>(count));
    for (Row& row : rows) row = Next();
    rows.back().want = Want::kLogits;
    model_->Forward(rows, Phase::kPrefill).Logits(rows.size() - 1);
  }

  void Decode(int32_t count) {
    for (int32_t i = 0; i < count; ++i) {
      Row row = Next();
      row.want = Want::kLogits;
      model_->Forward({&row, 1}, Phase::kDecode).Logits(0);
    }
  }

 private:
  Row Next() {
    Row row;
    row.position = length_++;
    row.token = static_cast<TokenId>((int64_t{row.position} * 7919 + 13) %
                                     model_->vocabulary_size());
    return row;
  }

  ForwardModel* model_;
  int32_t length_ = 0;
};

void Run(ForwardModel& model, int32_t repetitions, Test* test) {
  Feeder feeder(model);
  for (int32_t i = -1; i < repetitions; ++i) {
    feeder.Reset();
    feeder.Prefill(test->n_depth);
    if (i < 0) {  // warm up, with a little of the same work
      feeder.Prefill(std::min(test->n_prompt, 64));
      feeder.Decode(std::min(test->n_gen, 2));
      continue;
    }
    const Clock::time_point start = Clock::now();
    feeder.Prefill(test->n_prompt);
    feeder.Decode(test->n_gen);
    test->seconds.push_back(SecondsSince(start));
  }
  model.DropSequence(0);
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) {
      return line.substr(std::min(line.find(": ") + 2, line.size()));
    }
  }
  return "unknown";
}

// The type that most of the weights have.
std::string MainType(const ModelFile& file) {
  std::vector<std::pair<TensorType, uint64_t>> bytes;
  for (const ModelTensor& tensor : file.tensors()) {
    const auto same = std::find_if(
        bytes.begin(), bytes.end(),
        [&tensor](const auto& entry) { return entry.first == tensor.type; });
    if (same == bytes.end()) {
      bytes.emplace_back(tensor.type, tensor.size());
    } else {
      same->second += tensor.size();
    }
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? "none"
                             : std::string(TensorTypeName(most->first));
}

// What share TEST reaches of the machine's limits: of its memory's, where
// tokens come one by one, of its arithmetic, where there is a prompt.
std::optional<double> ShareOfLimit(const Test& test, const TokenWork& work,
                                   const ForwardModel& model,
                                   const MachineLimits& limits) {
  const double rate = Summarize(Rates(test)).mean;
  if (test.n_prompt == 0) {
    const int32_t length = test.n_depth + test.n_gen / 2;
    const auto cache = static_cast<double>(model.SequenceBytes(length));
    return rate * (work.weight_bytes + cache) / limits.read;
  }
  if (test.n_gen != 0) return std::nullopt;
  return rate * (work.layer_operations + work.head_operations / test.n_prompt) /
         limits.operations;
}

struct Machine {
  std::string cpu;
  std::string kernels;
  std::string type;
  uint64_t size = 0;
  uint64_t parameters = 0;
  double load_ms = 0;
  double first_token_ms = 0;
  uint64_t peak_memory = 0;  // bytes
  MachineLimits limits;
};

uint64_t PeakMemory() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

Json ToJson(const Test& test, const Machine& machine,
            const BenchOptions& options, const std::string& path,
            int32_t threads) {
  const Statistics time = Summarize(test.seconds);
  const std::vector<double> rates = Rates(test);
  const Statistics rate = Summarize(rates);
  std::vector<int64_t> samples;
  for (const double s : test.seconds) {
    samples.push_back(static_cast<int64_t>(s * 1e9));
  }
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  return {
      {"build_commit", FULLSTOP_VERSION},
      {"build_number", 0},
      {"cpu_info", machine.cpu},
      {"gpu_info", ""},
      {"backends", "CPU " + machine.kernels},
      {"model_filename", path},
      {"model_type", machine.type},
      {"model_size", machine.size},
      {"model_n_params", machine.parameters},
      {"n_batch", options.compute.batch},
      {"n_ubatch", options.compute.batch},
      {"n_threads", threads},
      {"type_k", "f16"},
      {"type_v", "f16"},
      {"n_gpu_layers", 0},
      {"use_mmap", true},
      {"n_prompt", test.n_prompt},
      {"n_gen", test.n_gen},
      {"n_depth", test.n_depth},
      {"test_time", fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                                utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                                utc.tm_hour, utc.tm_min, utc.tm_sec)},
      {"avg_ns", static_cast<int64_t>(time.mean * 1e9)},
      {"stddev_ns", static_cast<int64_t>(time.deviation * 1e9)},
      {"avg_ts", rate.mean},
      {"stddev_ts", rate.deviation},
      {"samples_ns", samples},
      {"samples_ts", rates},
      {"load_ms", machine.load_ms},
      {"first_token_ms", machine.first_token_ms},
      {"limit_read_bytes", machine.limits.read},
      {"limit_operations", machine.limits.operations},
      {"share_of_limit", test.share ? Json(*test.share) : Json()},
      {"peak_memory", machine.peak_memory}};
}

void PrintCsv(const Json& rows) {
  std::string out;
  bool first = true;
  for (const Json& row : rows) {
    std::string header, line;
    for (const auto& [key, value] : row.items()) {
      if (value.is_array()) continue;
      header += (header.empty() ? "" : ",") + key;
      if (!line.empty()) line += ",";
      if (!value.is_null()) line += value.dump();
    }
    if (first) out += header + "\n";
    first = false;
    out += line + "\n";
  }
  WriteOut(out);
}

void PrintMarkdown(const Json& rows, const Machine& machine) {
  std::string out = fmt::format(
      "| {:<30} | {:>10} | {:>10} | {:<14} | {:>7} | {:>15} | {:>20} | {:>8} "
      "|\n"
      "| {:-<30} | {:->9}: | {:->9}: | {:-<14} | {:->6}: | {:->14}: | "
      "{:->19}: | {:->7}: |\n",
      "model", "size", "params", "backend", "threads", "test", "t/s",
      "of limit", "", "", "", "", "", "", "", "");
  for (const Json& row : rows) {
    Test test{.n_prompt = row["n_prompt"],
              .n_gen = row["n_gen"],
              .n_depth = row["n_depth"],
              .seconds = {}};
    out += fmt::format(
        "| {:<30} | {:>10} | {:>10} | {:<14} | {:>7} | {:>15} | {:>20} | {:>8} "
        "|\n",
        machine.type,
        fmt::format("{:.2f} MiB", static_cast<double>(machine.size) / 1048576),
        fmt::format("{:.2f} M", static_cast<double>(machine.parameters) / 1e6),
        row["backends"].get<std::string>(), row["n_threads"].get<int>(),
        test.name(),
        fmt::format("{:.2f} ± {:.2f}", row["avg_ts"].get<double>(),
                    row["stddev_ts"].get<double>()),
        row["share_of_limit"].is_null()
            ? ""
            : fmt::format("{:.0f} %",
                          100 * row["share_of_limit"].get<double>()));
  }
  const MachineLimits& limits = machine.limits;
  out += fmt::format(
      "\nload {:.0f} ms, first token {:.0f} ms, peak memory {:.0f} MiB, {}\n"
      "limits: reading {:.1f} GB/s (one thread {:.1f}), {} kernels {:.2f} "
      "T operations/s; tg reads its weights and cache, pp multiplies\n",
      machine.load_ms, machine.first_token_ms,
      static_cast<double>(machine.peak_memory) / 1048576, machine.cpu,
      limits.read / 1e9, limits.read_alone / 1e9, machine.kernels,
      limits.operations / 1e12);
  WriteOut(out);
}

std::vector<Test> Plan(const BenchOptions& options) {
  std::vector<Test> tests;
  for (const int32_t d : options.depths) {
    for (const int32_t p : options.prompts) {
      if (p > 0) tests.push_back({.n_prompt = p, .n_depth = d, .seconds = {}});
    }
    for (const int32_t n : options.generations) {
      if (n > 0) tests.push_back({.n_gen = n, .n_depth = d, .seconds = {}});
    }
    for (size_t i = 0; i + 1 < options.pairs.size(); i += 2) {
      tests.push_back({.n_prompt = options.pairs[i],
                       .n_gen = options.pairs[i + 1],
                       .n_depth = d,
                       .seconds = {}});
    }
  }
  return tests;
}

int RunBench(const BenchOptions& options) {
  if (options.pairs.size() % 2 != 0) {
    throw Error::Usage("--pg takes pairs of numbers")
        .Advice("such as --pg 512,128");
  }
  std::vector<Test> tests = Plan(options);
  ModelOptions compute = options.compute.Options();
  for (const Test& test : tests) {
    compute.context_length = std::max(
        compute.context_length, test.n_prompt + test.n_gen + test.n_depth + 64);
  }
  const Clock::time_point start = Clock::now();
  LoadedModel model(options.model, {}, compute);
  Feeder feeder(model.forward());
  Machine machine;
  machine.load_ms = SecondsSince(start) * 1e3;
  feeder.Prefill(16);
  machine.first_token_ms = SecondsSince(start) * 1e3;
  machine.cpu = CpuName();
  const auto kernels = kernels::Kernels::Select(compute.cpu_path);
  machine.kernels = std::string(kernels::CpuPathName(kernels.path()));
  for (const ModelTensor& tensor : model.file().tensors()) {
    machine.size += tensor.size();
    uint64_t count = 1;
    for (const uint64_t n : tensor.shape) count *= n;
    machine.parameters += count;
  }
  machine.type = fmt::format(
      "{} {} {}",
      model.file().keys().GetString("general.architecture").value_or("unknown"),
      fmt::format("{:.2f} M", static_cast<double>(machine.parameters) / 1e6),
      MainType(model.file()));
  const int32_t threads =
      compute.threads > 0 ? compute.threads : AvailableProcessors();
  for (Test& test : tests) Run(model.forward(), options.repetitions, &test);
  machine.peak_memory = PeakMemory();
  machine.limits = MeasureLimits(kernels, threads);
  const TokenWork work = WorkOfToken(DescribeModel(model.file()), model.file());
  Json rows = Json::array();
  for (Test& test : tests) {
    test.share = ShareOfLimit(test, work, model.forward(), machine.limits);
    rows.push_back(ToJson(test, machine, options, model.path(), threads));
  }
  if (options.format == "json") {
    WriteOut(rows.dump(2) + "\n");
  } else if (options.format == "csv") {
    PrintCsv(rows);
  } else {
    PrintMarkdown(rows, machine);
  }
  return kGood;
}

}  // namespace

void AddBench(CLI::App& app, Runner& run) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = app.add_subcommand(
      "bench", "tokens per second of prefill and decode, as llama-bench");
  AddModelArgument(*command, options->model);
  options->compute.Add(*command);
  const auto list = [command](const char* name, std::vector<int32_t>& values,
                              const char* what) {
    command->add_option(name, values, what)
        ->delimiter(',')
        ->type_name("N,…")
        ->allow_extra_args(false)
        ->check(AtLeast(0));
  };
  list("-p,--n-prompt", options->prompts, "prompt tokens; 0 for none");
  list("-n,--n-gen", options->generations, "generated tokens; 0 for none");
  list("--pg", options->pairs, "pairs: prompt, and tokens generated behind it");
  list("-d,--n-depth", options->depths,
       "tokens that stand in the cache before");
  command
      ->add_option("-r,--repetitions", options->repetitions,
                   "runs of each test")
      ->type_name("N")
      ->check(AtLeast(1));
  command->add_option("-o,--output", options->format, "md, json or csv")
      ->type_name("FORMAT")
      ->check(
          CLI::Validator(CLI::IsMember({"md", "json", "csv"})).description(""));
  AddExamples(*command,
              {{"bench", "pp512 and tg128, five times"},
               {"bench -p 64 -n 16 -r 2 -o json", "shorter, for a program"}});
  command->callback(
      [options, &run] { run = [options] { return RunBench(*options); }; });
}

}  // namespace fullstop::cli
