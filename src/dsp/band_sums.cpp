// band_sums: the power of a spectrum in bands.
#include <algorithm>
#include <cmath>
#include <string>

#include "lanes.hpp"
#include "nest.hpp"
#include "simd.hpp"
#include "spectrum_kernels.hpp"
#include "types.hpp"

namespace sqs::dsp {
namespace {

constexpr ParamSpec kParams[] = {
    {"bands", ParamType::FloatList, "Hz", "", "..; 2..512 values", "lo,hi of each band in turn; lo belongs to it, hi does not",
     true},
    {"unit", ParamType::Choice, "", "hz", "hz|bins", "what bands are given in: frequencies, or indices along axis 0"},
    {"layout", ParamType::Choice, "", "onesided", "onesided|twosided|shifted",
     "order of the bins: of rfft, of fft, of fft with shift=true"},
    {"n", ParamType::Int, "points", "0", "0..2^27",
     "length of the transform that made a one-sided spectrum; 0: 2 * (bins - 1). Two-sided ones have their length"},
    {"rate", ParamType::Float, "Hz", "0", "0..", "frames per second of what was transformed; 0: the pipeline's"},
};

// Sums with eight accumulators, entry i of a range into number i mod 8, and one order of adding those: an order that neither
// tiles nor vectors change.
class EightSums {
 public:
  SQS_DSP_INLINE void add(const double* x, size_t count, size_t phase) {
    size_t i = 0;
    for (; i < count && (phase + i) % 8 != 0; ++i) sums_[(phase + i) % 8] += x[i];
    for (; i + 8 <= count; i += 8)
      for (size_t j = 0; j < 8; ++j) sums_[j] += x[i + j];
    for (; i < count; ++i) sums_[(phase + i) % 8] += x[i];
  }
  double total() const {
    return ((sums_[0] + sums_[1]) + (sums_[2] + sums_[3])) + ((sums_[4] + sums_[5]) + (sums_[6] + sums_[7]));
  }

 private:
  double sums_[8] = {};
};

SQS_DSP_CLONES void add_piece(EightSums& sums, const double* x, size_t count, size_t phase) { sums.add(x, count, phase); }

// Bins [begin, end) along axis 0.
struct BinRange {
  uint64_t begin = 0, end = 0;
};
// A band of a two-sided spectrum can be two ranges: negative frequencies lie behind the positive ones.
struct Band {
  BinRange first, second;
};

enum class Layout { OneSided, TwoSided, Shifted };

struct Bands {
  std::vector<double> edges;  // lo, hi, lo, hi, ..
  bool in_hz;
  Layout layout;
  uint64_t bins;
  uint64_t points;  // of the transform
  double rate;      // 0: the pipeline's

  size_t count() const { return edges.size() / 2; }

  // First bin number k, negative ones for negative frequencies, whose frequency k * rate / points is at least hz.
  int64_t first_at(double hz, double frames_per_second) const {
    const double n = static_cast<double>(points);
    const double limit = n + 1;
    double k = std::clamp(std::ceil(hz * n / frames_per_second), -limit, limit);
    while (k > -limit && (k - 1) * frames_per_second >= hz * n) k -= 1;
    while (k < limit && k * frames_per_second < hz * n) k += 1;
    return static_cast<int64_t>(k);
  }

  // Where frequencies lo <= f < hi lie; cut to what the spectrum has.
  Band of_frequencies(double lo, double hi, double frames_per_second) const {
    const auto size = static_cast<int64_t>(bins);
    const int64_t lowest = layout == Layout::OneSided ? 0 : -(size / 2);
    const int64_t begin = std::clamp(first_at(lo, frames_per_second), lowest, lowest + size);
    const int64_t end = std::clamp(first_at(hi, frames_per_second), begin, lowest + size);
    const auto range = [](int64_t from, int64_t to) {
      return BinRange{static_cast<uint64_t>(from), static_cast<uint64_t>(std::max(from, to))};
    };
    if (layout != Layout::TwoSided) return {range(begin - lowest, end - lowest), {}};
    return {range(std::min(begin, int64_t{0}) + size, std::min(end, int64_t{0}) + size),
            range(std::max(begin, int64_t{0}), std::max(end, int64_t{0}))};
  }

  Band at(size_t band, double frames_per_second) const {
    const double lo = edges[2 * band], hi = edges[2 * band + 1];
    if (in_hz) return of_frequencies(lo, hi, frames_per_second);
    return {{static_cast<uint64_t>(lo), static_cast<uint64_t>(hi)}, {}};
  }
};

template <class Real>
class BandSums final : public Kernel {
 public:
  BandSums(Bands bands, const Operand& input)
      : bands_(std::move(bands)),
        lanes_(product(input.shape, 1)),
        complex_(is_complex(input.dtype)),
        load_(complex_ ? nullptr : lane_loader<double>(input.dtype)) {}

  void process(sqs_call& call) const override {
    const sqs_view& input = call.inputs[0];
    const double rate = frames_per_second(call);
    for (size_t band = 0; band < bands_.count(); ++band) {
      const Band where = bands_.at(band, rate);
      for (uint64_t row = 0; row < call.rows; ++row) {
        std::byte* to = output_row_at(call.output, row) + band * lanes_ * sizeof(Real);
        for (uint64_t lane = 0; lane < lanes_; ++lane) {
          const double sum = sum_of(where, row_at(input, row) + lane_offset(input, lane), input.strides[1]);
          store_element(to + lane * sizeof(Real), static_cast<Real>(sum));
        }
      }
    }
  }

 private:
  double frames_per_second(const sqs_call& call) const {
    const double rate = bands_.rate > 0 ? bands_.rate : call.sample_rate;
    if (bands_.in_hz && !(rate > 0))
      fail(SQS_E_STAGE, "band_sums: the sample rate is not known: give rate, or bands with unit=bins");
    return rate;
  }

  double sum_of(const Band& band, const std::byte* from, int64_t stride) const {
    EightSums sums;
    const uint64_t first = band.first.end - band.first.begin;
    add_range(sums, band.first, 0, from, stride);
    add_range(sums, band.second, first, from, stride);
    return sums.total();
  }

  void add_range(EightSums& sums, const BinRange& range, uint64_t phase, const std::byte* from, int64_t stride) const {
    double power[kPiece];
    for (uint64_t bin = range.begin; bin < range.end; bin += kPiece) {
      const uint64_t count = std::min(kPiece, range.end - bin);
      load_power(from + static_cast<int64_t>(bin) * stride, stride, count, power);
      add_piece(sums, power, count, phase + (bin - range.begin));
    }
  }

  // Real values are taken as powers; complex ones are squared in their own precision, as output=power does.
  void load_power(const std::byte* from, int64_t stride, uint64_t count, double* power) const {
    if (!complex_) return load_(from, stride, count, power);
    Real pairs[2 * kPiece], squares[kPiece];
    gather_lane<2 * sizeof(Real)>(from, stride, count, pairs);
    emit_spectrum(SpectrumOutput::Power, pairs, count, squares);
    std::copy(squares, squares + count, power);
  }

  Bands bands_;
  uint64_t lanes_;
  bool complex_;
  LaneLoader<double> load_;
};

Bands read_bands(const Params& params, const Operand& input) {
  Bands bands;
  bands.edges = params.list("bands");
  bands.in_hz = params.is("unit", "hz");
  bands.layout = params.is("layout", "onesided")   ? Layout::OneSided
                 : params.is("layout", "twosided") ? Layout::TwoSided
                                                   : Layout::Shifted;
  bands.bins = input.shape.front();
  bands.points = bands.layout != Layout::OneSided ? bands.bins
                 : params.integer("n") != 0       ? params.integer("n")
                                                  : 2 * std::max<uint64_t>(bands.bins - 1, 1);
  bands.rate = params.number("rate");
  if (bands.edges.size() % 2 != 0)
    fail(SQS_E_INVALID, text("band_sums: bands has ", bands.edges.size(), " values; it takes pairs lo,hi"));
  if (bands.layout == Layout::OneSided && bands.in_hz && bands.points / 2 + 1 != bands.bins)
    fail(SQS_E_GRAPH, text("band_sums: a transform of n=", bands.points, " has ", bands.points / 2 + 1, " bins, but rows of \"",
                           input.stage, "\" have ", bands.bins));
  return bands;
}

void check_edges(const Bands& bands, const Operand& input) {
  for (size_t band = 0; band < bands.count(); ++band) {
    const double lo = bands.edges[2 * band], hi = bands.edges[2 * band + 1];
    if (!(lo < hi)) fail(SQS_E_INVALID, text("band_sums: band ", band, " ends at ", hi, ", which is not above its begin ", lo));
    if (bands.in_hz) continue;
    if (lo != std::floor(lo) || hi != std::floor(hi))
      fail(SQS_E_INVALID, text("band_sums: band ", band, " is not of whole bins"));
    if (lo < 0 || hi > static_cast<double>(bands.bins))
      fail(SQS_E_GRAPH, text("band_sums: band ", band, " is bins ", lo, " to ", hi, ", but rows of \"", input.stage, "\" have ",
                             bands.bins));
  }
}

Recipe build(const Params& params, std::span<const Operand> inputs) {
  const Operand& input = inputs[0];
  require_axis("band_sums", input);
  Bands bands = read_bands(params, input);
  check_edges(bands, input);
  Recipe recipe;
  recipe.dtype = real_compute_dtype(input.dtype);
  recipe.shape = with_axis(bands.count(), input);
  recipe.cost_ns_per_row = 0.6 * static_cast<double>(product(input.shape)) + 20 * static_cast<double>(product(recipe.shape));
  visit_float(recipe.dtype, [&](auto chosen) {
    recipe.kernel = std::make_unique<const BandSums<typename decltype(chosen)::type>>(std::move(bands), input);
  });
  return recipe;
}

}  // namespace

const TypeSpec kBandSums = {
    "band_sums", SQS_MAP,
    "Sums over bands of a spectrum along axis 0: (bins, channels) gives (bands, channels). Complex input: of |X|^2; real input: "
    "of the values, which should be powers. Summed in f64; f32 or f64 out, as the input. Bands are half open and may overlap or "
    "be cut by the ends of the spectrum. Agrees with X[(f >= lo) & (f < hi)].sum() with f of numpy.fft.rfftfreq or fftfreq.",
    kParams, 1, build};

}  // namespace sqs::dsp
