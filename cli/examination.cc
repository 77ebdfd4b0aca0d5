#include "cli/examination.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/threads.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "cli/terminal.h"
#include "doctor/html_report.h"
#include "doctor/line_diff.h"
#include "doctor/live.h"
#include "doctor/raw_data.h"
#include "doctor/report.h"
#include "doctor/sarif.h"
#include "doctor/tokenized.h"

namespace fullstop::cli {
namespace {

namespace fs = std::filesystem;

bool IsGguf(const std::string& path) {
  std::string magic(4, '\0');
  std::ifstream(path, std::ios::binary).read(magic.data(), 4);
  return magic == "GGUF";
}

// The model's folder where PATH is one of its small files: what a hook is given
// are the files that were changed.
std::string ModelOf(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  const fs::path folder = parent.empty() ? fs::path(".") : parent;
  const bool is_part = fs::is_regular_file(path) && !IsGguf(path) &&
                       (fs::is_regular_file(folder / "config.json") ||
                        PeftAdapter::IsOne(folder.string()));
  return is_part ? folder.string() : path;
}

std::chrono::sys_days Today() {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::system_clock::now());
}

// How often each rule found something, the most frequent first.
std::string Statistics(const std::vector<Report>& reports) {
  std::map<std::string, size_t> counts;
  for (const Report& report : reports) {
    for (const Diagnosis& each : report.diagnoses) ++counts[each.rule];
  }
  std::vector<std::pair<std::string, size_t>> sorted(counts.begin(),
                                                     counts.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  std::string text;
  for (const auto& [id, count] : sorted) {
    text += std::to_string(count) + "  " + id + "  " +
            std::string(FindRule(id)->title) + "\n";
  }
  return text;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

// Says what only --unsafe-fixes repairs.
void TellLeftOut(const Report& report) {
  const auto left =
      std::ranges::count_if(report.diagnoses, [](const Diagnosis& each) {
        return !each.changes.empty() && each.safety == Safety::kUnsafe;
      });
  if (left == 0) return;
  Remark(Count(static_cast<uint64_t>(left), "finding") +
         " left: --unsafe-fixes repairs what is left too, and may change what "
         "was meant");
}

}  // namespace

Examination::Examination(const DoctorOptions& options) : options_(options) {
  for (const std::string& path : options.targets) {
    const std::string model = ModelOf(path);
    if (std::ranges::find(paths_, model) == paths_.end()) {
      paths_.push_back(model);
    }
  }
  RefuseContradictions();
  if (options.live.live) probe_.emplace(options.live);
  ReadConfiguration();
  if (!options.baseline.empty()) baseline_ = Baseline::Read(options.baseline);
  if (!options.against.empty()) {
    model_ = std::make_shared<const Target>(Target::Open(options.against));
  }
  if (!options.base.empty()) {
    base_ = std::make_shared<const Target>(Target::Open(options.base));
  }
}

int Examination::Run() {
  Suppressor suppressor(configuration_, Today());
  const auto suppress = [&](Report* report) {
    suppressor.Apply(report);
    baseline_.Apply(report);
  };
  for (const std::string& path : paths_) {
    const Target target = Open(path);
    if (!options_.data_only) {
      Report report = Examine(target, choice_);
      suppress(&report);
      NoteMissing(report);
      if (Repairs()) {
        report = Repair(target, std::move(report));
        if (stopped_) return kCancelled;
        suppress(&report);
      }
      Add(std::move(report));
    }
    ExamineFurther(target, suppress);
    if (stopped_) {
      Remark("stopped: not all was looked at");
      return kCancelled;
    }
  }
  if (paths_.empty()) ExamineData(nullptr, suppress);
  if (stopped_) return kCancelled;
  Report remarks = suppressor.Remarks(choice_);
  if (!remarks.diagnoses.empty()) Add(std::move(remarks));
  if (!options_.write_baseline.empty()) {
    WriteBaseline(options_.write_baseline, reports_);
    Remark("wrote " + options_.write_baseline);
    return kGood;
  }
  Finish();
  return Fails() && !options_.exit_zero ? kNo : kGood;
}

// What WORK returns, which is given a function that shows how far it is.
template <typename Work>
std::optional<Report> Examination::WithProgress(const Work& work) {
  CountInterrupts();
  ProgressLine line;
  std::optional<Report> report = work(
      [&line](size_t done, size_t total) { return line.Update(done, total); });
  stopped_ = !report;
  return report;
}

template <typename Suppress>
void Examination::ExamineData(const Target* target, const Suppress& suppress) {
  if (options_.data.files.empty()) return;
  const RowContext context = options_.data.Context(target);
  RawDataOptions options;
  options.threads = AvailableProcessors();
  options.has_tokenized = !options_.tokenized.empty();
  options.emit = options_.data.emit;
  options.rejects = options_.data.rejects;
  for (const std::string& path : options_.data.files) {
    std::optional<Report> report = WithProgress([&](const auto& progress) {
      options.progress = progress;
      return ExamineRaw(path, context, options, choice_);
    });
    if (stopped_) return;
    suppress(&*report);
    NoteMissing(*report);
    TellParted(*report);
    Add(*std::move(report));
  }
}

// Says where the rows went.
void Examination::TellParted(const Report& report) const {
  const auto tell = [&](const std::string& path, const char* key) {
    if (path.empty()) return;
    Remark("wrote " + path + ": " + report.data[key].dump() + " of " +
           report.data["rows"].dump() + " rows");
  };
  tell(options_.data.emit, "emitted");
  tell(options_.data.rejects, "rejected");
}

template <typename Suppress>
void Examination::ExamineFurther(const Target& target,
                                 const Suppress& suppress) {
  const auto add = [&](Report report) {
    suppress(&report);
    Add(std::move(report));
  };
  if (!target.has_vocabulary() &&
      (!options_.tokenized.empty() || !options_.data.files.empty() || probe_)) {
    throw Error::Usage("the adapter brings no tokenizer")
        .In(target.path())
        .Advice("give the model that it was trained on: --base MODEL");
  }
  if (!options_.tokenized.empty()) {
    std::optional<Report> report = WithProgress([&](const auto& progress) {
      return ExamineTokenized(target, options_.tokenized,
                              {AvailableProcessors(), progress}, choice_);
    });
    if (stopped_) return;
    add(*std::move(report));
  }
  ExamineData(&target, suppress);
  if (stopped_) return;
  if (!probe_) return;
  const std::optional<Measurement> measurement = probe_->Run(target);
  const Other* other = measurement ? probe_->RunOther() : nullptr;
  stopped_ = !measurement || (other == nullptr && probe_->compares());
  if (!stopped_) add(ExamineLive(target, *measurement, other, choice_));
}

// What the command line says comes before what the file says.
void Examination::ReadConfiguration() {
  std::optional<std::string> path;
  if (!options_.configuration.empty()) {
    path = options_.configuration;
  } else {
    path = FindConfiguration(".", paths_);
  }
  if (path) configuration_ = Configuration::Read(*path);
  choice_ = options_.choice;
  if (choice_.select.empty()) choice_.select = configuration_.choice.select;
  if (choice_.ignore.empty()) choice_.ignore = configuration_.choice.ignore;
  required_ = options_.required;
  if (required_.empty()) required_ = configuration_.require;
  fail_on_ = configuration_.fail_on.value_or(Severity::kError);
  if (const auto given = SeverityOf(options_.fail_on)) fail_on_ = *given;
  choice_.Check();
  RuleChoice{.select = required_, .ignore = {}}.Check();
}

void Examination::RefuseContradictions() const {
  options_.data.Check();
  if (!options_.data.files.empty() && paths_.size() > 1) {
    throw Error::Usage("--data is held against one model at most");
  }
  if (!options_.tokenized.empty() && paths_.size() != 1) {
    throw Error::Usage("--tokenized is held against one model");
  }
  options_.live.Check();
  if (!Repairs()) return;
  if (options_.live.live) {
    throw Error::Usage("--live measures what there is: repair first");
  }
  if (paths_.size() != 1) {
    throw Error::Usage("one target is repaired at a time");
  }
  if (options_.diff && !options_.fix.empty()) {
    throw Error::Usage("--diff shows what --fix would write: give one of them");
  }
}

Target Examination::Open(const std::string& path) const {
  Target target = Target::Open(path, base_);
  target.set_reads_weights(!options_.no_weights);
  if (model_ != nullptr) target.CompareWith(model_);
  return target;
}

void Examination::NoteMissing(const Report& report) {
  for (const NotEvaluated& each : report.not_evaluated) {
    const bool required =
        std::ranges::any_of(required_, [&each](const std::string& rule) {
          return each.rule.starts_with(rule);
        });
    if (!required) continue;
    misses_required_ = true;
    Remark(each.rule + " is required, and could not be evaluated");
  }
}

Report Examination::Repair(const Target& target, Report report) {
  if (target.adapter() != nullptr) {
    throw Error::Usage("an adapter is not repaired")
        .In(target.path())
        .Advice("repair its base, or what it is merged into");
  }
  const bool is_folder = target.kind() == TargetKind::kFolder;
  if (!is_folder && options_.diff) {
    throw Error::Usage("--diff is for folders: a GGUF file is no text")
        .Advice("--fix FILE writes a new one and says what it changed");
  }
  if (!options_.unsafe_fixes) TellLeftOut(report);
  const std::vector<RepairStep> steps =
      PlanRepair(report, options_.unsafe_fixes);
  if (steps.empty()) {
    Remark("there is nothing to repair: nothing was written");
    return report;
  }
  report = is_folder ? RepairFolder(target, steps) : RepairFile(target, steps);
  if (stopped_) {
    Remark("stopped: nothing was written");
    return report;
  }
  for (const RepairStep& step : steps) {
    Remark(Joined(step.rules) + ": " + Describe(target, step.change));
  }
  return report;
}

Report Examination::RepairFolder(const Target& target,
                                 const std::vector<RepairStep>& steps) {
  const std::vector<PatchedFile> files = PatchFolder(target, steps);
  Report report = ExaminePatched(target, files, choice_);
  for (const PatchedFile& file : files) {
    diff_ += UnifiedDiff(file.name, file.before, file.after);
  }
  if (options_.diff) return report;
  WritePatchedFiles(options_.fix, files);
  for (const PatchedFile& file : files) {
    Remark("wrote " + (fs::path(options_.fix) / file.name).string());
  }
  return report;
}

Report Examination::RepairFile(const Target& target,
                               const std::vector<RepairStep>& steps) {
  CountInterrupts();
  ProgressLine line;
  const ConvertResult result = RepairGguf(
      target, steps, options_.fix, [&line](uint64_t done, uint64_t total) {
        return line.Update(done, total);
      });
  line.Clear();
  stopped_ = result.stopped;
  if (stopped_) return {};
  Remark("wrote " + options_.fix + ": " + Count(result.tensors, "tensor") +
         ", " + DescribeBytes(result.bytes));
  for (const std::string& remark : result.remarks) Remark(remark);
  return Examine(Open(options_.fix), choice_);
}

void Examination::Add(Report report) {
  if (options_.diff) {
    // The patch is all there is.
  } else if (options_.format == "text") {
    WriteOut(PrintReport(report, HasColour(stdout)));
  } else if (options_.format == "github") {
    WriteOut(PrintAnnotations(report));
  }
  reports_.push_back(std::move(report));
}

void Examination::Finish() const {
  if (!options_.live.page.empty()) {
    WriteFileAtomically(options_.live.page,
                        PrintHtml(reports_, FULLSTOP_VERSION));
    Remark("wrote " + options_.live.page);
  }
  if (options_.diff) {
    WriteOut(diff_);
  } else if (options_.format == "json") {
    Json targets = Json::array();
    for (const Report& report : reports_) targets.push_back(ToJson(report));
    WriteJson({{"targets", std::move(targets)}});
  } else if (options_.format == "sarif") {
    WriteJson(ToSarif(reports_, FULLSTOP_VERSION));
  } else if (options_.format == "text" && options_.statistics) {
    WriteOut(Statistics(reports_));
  }
}

bool Examination::Fails() const {
  return misses_required_ ||
         std::ranges::any_of(reports_, [this](const Report& each) {
           return each.Reaches(fail_on_);
         });
}

}  // namespace fullstop::cli
