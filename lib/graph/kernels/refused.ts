/** The kernels of TF.js that have no rule, by name, with the reason. */

const IMAGES = 'it works on images';
const CONVOLUTION = 'convolutions and pooling have no rules; a window over a sequence can be made of slices and matMul';
const COMPLEX = 'a graph has no complex numbers';
const STRINGS = 'a graph has no strings; text features are encoded before it';
const BY_VALUES = 'the shape of its result depends on values';
const OF_PIXELS = 'it reads or draws a picture of a browser';

/** Why a kernel cannot be traced, by its name. */
export const REFUSED: Readonly<Record<string, string>> = {
  AvgPool: CONVOLUTION,
  AvgPoolGrad: CONVOLUTION,
  AvgPool3D: CONVOLUTION,
  AvgPool3DGrad: CONVOLUTION,
  Conv2D: CONVOLUTION,
  Conv2DBackpropFilter: CONVOLUTION,
  Conv2DBackpropInput: CONVOLUTION,
  Conv3D: CONVOLUTION,
  Conv3DBackpropFilterV2: CONVOLUTION,
  Conv3DBackpropInputV2: CONVOLUTION,
  DepthwiseConv2dNative: CONVOLUTION,
  DepthwiseConv2dNativeBackpropFilter: CONVOLUTION,
  DepthwiseConv2dNativeBackpropInput: CONVOLUTION,
  Dilation2D: CONVOLUTION,
  Dilation2DBackpropFilter: CONVOLUTION,
  Dilation2DBackpropInput: CONVOLUTION,
  FusedConv2D: CONVOLUTION,
  FusedDepthwiseConv2D: CONVOLUTION,
  MaxPool: CONVOLUTION,
  MaxPoolGrad: CONVOLUTION,
  MaxPool3D: CONVOLUTION,
  MaxPool3DGrad: CONVOLUTION,
  MaxPoolWithArgmax: CONVOLUTION,
  Pool: CONVOLUTION,

  BatchToSpaceND: IMAGES,
  CropAndResize: IMAGES,
  DepthToSpace: IMAGES,
  FlipLeftRight: IMAGES,
  LRN: IMAGES,
  LRNGrad: IMAGES,
  NonMaxSuppressionV3: IMAGES,
  NonMaxSuppressionV4: IMAGES,
  NonMaxSuppressionV5: IMAGES,
  ResizeBilinear: IMAGES,
  ResizeBilinearGrad: IMAGES,
  ResizeNearestNeighbor: IMAGES,
  ResizeNearestNeighborGrad: IMAGES,
  RotateWithOffset: IMAGES,
  SpaceToBatchND: IMAGES,
  Transform: IMAGES,
  Draw: OF_PIXELS,
  FromPixels: OF_PIXELS,

  Complex: COMPLEX,
  ComplexAbs: COMPLEX,
  FFT: COMPLEX,
  IFFT: COMPLEX,
  Imag: COMPLEX,
  Real: COMPLEX,

  StaticRegexReplace: STRINGS,
  StringNGrams: STRINGS,
  StringSplit: STRINGS,
  StringToHashBucketFast: STRINGS,

  BroadcastArgs: BY_VALUES,
  RaggedGather: BY_VALUES,
  RaggedRange: BY_VALUES,
  RaggedTensorToTensor: BY_VALUES,
  SparseFillEmptyRows: BY_VALUES,
  SparseReshape: BY_VALUES,
  SparseSegmentMean: `${BY_VALUES}; unsortedSegmentSum of a gather has a fixed one`,
  SparseSegmentSum: `${BY_VALUES}; unsortedSegmentSum of a gather has a fixed one`,
  Unique: BY_VALUES,

  Bincount: 'TF.js ends a run at a negative value, a graph would not; sum oneHot over its rows',
  DenseBincount: 'TF.js ends a run at a negative value, a graph would not; sum oneHot over its rows',
  BitwiseAnd: 'the version of ONNX that is written, opset 17, has no bitwise operators',
  Multinomial: 'a graph may not draw random numbers',

  Diag: 'mul of the vector and eye makes the same matrix',
  BroadcastTo: 'TF.js itself uses Tile',
  LogicalXor: 'TF.js itself makes it of other kernels',
  LogSoftmax: 'TF.js itself makes it of other kernels',
  LowerBound: 'TF.js itself uses SearchSorted',
  MatrixBandPart: 'TF.js itself makes it of other kernels',
  UpperBound: 'TF.js itself uses SearchSorted',
};
