"""The networks that judge pictures and clips, as PyTorch modules under the names that their authors publish.

Every width may be divided, so that small random copies can serve as fixtures.
"""

import torch
from torch import nn
from torch.nn import functional as F


class Narrow:
    def __init__(self, divisor):
        self.divisor = divisor

    def __call__(self, channels):
        return max(1, channels // self.divisor)


def alexnet(narrow):
    widths = [narrow(c) for c in (64, 192, 384, 256, 256)]
    features = nn.Sequential(
        nn.Conv2d(3, widths[0], 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(widths[0], widths[1], 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(widths[1], widths[2], 3, padding=1), nn.ReLU(),
        nn.Conv2d(widths[2], widths[3], 3, padding=1), nn.ReLU(),
        nn.Conv2d(widths[3], widths[4], 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip
    classifier = nn.Sequential(nn.Dropout(), nn.Linear(widths[4] * 36, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000))
    return features, classifier, [1, 4, 7, 9, 11], widths


def vgg16(narrow):
    layers, seen, widths, before = [], [], [], 3
    for width, count in zip((64, 128, 256, 512, 512), (2, 2, 3, 3, 3)):
        width = narrow(width)
        for _ in range(count):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            before = width
        seen.append(len(layers) - 1)
        widths.append(width)
        layers.append(nn.MaxPool2d(2, 2))
    classifier = nn.Sequential(nn.Linear(before * 49, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000))
    return nn.Sequential(*layers), classifier, seen, widths


class Fire(nn.Module):
    def __init__(self, before, squeezed, half):
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, half, 1)
        self.expand3x3 = nn.Conv2d(squeezed, half, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.squeeze(x))
        return F.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


def squeezenet(narrow):
    fire = lambda before, squeezed, half: Fire(2 * narrow(before // 2) if before > 64 else narrow(before), narrow(squeezed), narrow(half))
    pool = lambda: nn.MaxPool2d(3, 2, ceil_mode=True)
    features = nn.Sequential(
        nn.Conv2d(3, narrow(64), 3, 2), nn.ReLU(), pool(), fire(64, 16, 64), fire(128, 16, 64), pool(), fire(128, 32, 128), fire(256, 32, 128), pool(),
        fire(256, 48, 192), fire(384, 48, 192), fire(384, 64, 256), fire(512, 64, 256),
    )  # fmt: skip
    classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(2 * narrow(256), 1000, 1), nn.ReLU())
    return features, classifier, [1, 4, 7, 9, 10, 11, 12], [narrow(64)] + [2 * narrow(c // 2) for c in (128, 256, 384, 384, 512, 512)]


TRUNKS = {"alexnet": alexnet, "vgg16": vgg16, "squeezenet": squeezenet}


class Trunk(nn.Module):
    def __init__(self, kind, narrow):
        super().__init__()
        self.features, self.classifier, self.seen, self.widths = TRUNKS[kind](narrow)

    def forward(self, x):
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.seen:
                maps.append(x)
        return maps


class Linear(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(width, 1, 1, bias=False))


class Linears(nn.Module):
    def __init__(self, widths):
        super().__init__()
        for index, width in enumerate(widths):
            self.add_module(f"lin{index}", Linear(width))


def lpips(trunk, linears, one, other):
    """Of pictures in [-1, 1]."""
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    distance = 0
    for index, maps in enumerate(zip(trunk((one - shift) / scale), trunk((other - shift) / scale))):
        a, b = (m / (m.square().sum(1, keepdim=True).sqrt() + 1e-10) for m in maps)
        distance = distance + getattr(linears, f"lin{index}").model[1]((a - b).square()).mean((1, 2, 3))
    return distance


class Unit(nn.Module):
    """Convolution, batch norm, ReLU, flat."""

    def __init__(self, before, out, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(before, out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


def mean_around(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class InceptionA(nn.Module):
    def __init__(self, before, pooled, n):
        super().__init__()
        self.branch1x1 = Unit(before, n(64), 1)
        self.branch5x5_1, self.branch5x5_2 = Unit(before, n(48), 1), Unit(n(48), n(64), 5, padding=2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Unit(before, n(64), 1), Unit(n(64), n(96), 3, padding=1)
        self.branch3x3dbl_3 = Unit(n(96), n(96), 3, padding=1)
        self.branch_pool = Unit(before, n(pooled), 1)
        self.out = 2 * n(64) + n(96) + n(pooled)

    def forward(self, x):
        triple = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), triple, self.branch_pool(mean_around(x))], 1)


class InceptionB(nn.Module):
    def __init__(self, before, n):
        super().__init__()
        self.branch3x3 = Unit(before, n(384), 3, 2)
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Unit(before, n(64), 1), Unit(n(64), n(96), 3, padding=1)
        self.branch3x3dbl_3 = Unit(n(96), n(96), 3, 2)
        self.out = n(384) + n(96) + before

    def forward(self, x):
        return torch.cat([self.branch3x3(x), self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x))), F.max_pool2d(x, 3, 2)], 1)


class InceptionC(nn.Module):
    def __init__(self, before, inner, n):
        super().__init__()
        inner = n(inner)
        row, column = {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
        self.branch1x1 = Unit(before, n(192), 1)
        self.branch7x7_1, self.branch7x7_2, self.branch7x7_3 = Unit(before, inner, 1), Unit(inner, inner, **row), Unit(inner, n(192), **column)
        self.branch7x7dbl_1 = Unit(before, inner, 1)
        self.branch7x7dbl_2, self.branch7x7dbl_3 = Unit(inner, inner, **column), Unit(inner, inner, **row)
        self.branch7x7dbl_4, self.branch7x7dbl_5 = Unit(inner, inner, **column), Unit(inner, n(192), **row)
        self.branch_pool = Unit(before, n(192), 1)
        self.out = 4 * n(192)

    def forward(self, x):
        single = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_1(x)
        for layer in (self.branch7x7dbl_2, self.branch7x7dbl_3, self.branch7x7dbl_4, self.branch7x7dbl_5):
            double = layer(double)
        return torch.cat([self.branch1x1(x), single, double, self.branch_pool(mean_around(x))], 1)


class InceptionD(nn.Module):
    def __init__(self, before, n):
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = Unit(before, n(192), 1), Unit(n(192), n(320), 3, 2)
        self.branch7x7x3_1, self.branch7x7x3_2 = Unit(before, n(192), 1), Unit(n(192), n(192), (1, 7), padding=(0, 3))
        self.branch7x7x3_3, self.branch7x7x3_4 = Unit(n(192), n(192), (7, 1), padding=(3, 0)), Unit(n(192), n(192), 3, 2)
        self.out = n(320) + n(192) + before

    def forward(self, x):
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, F.max_pool2d(x, 3, 2)], 1)


class InceptionE(nn.Module):
    def __init__(self, before, pool, n):
        super().__init__()
        self.branch1x1 = Unit(before, n(320), 1)
        self.branch3x3_1 = Unit(before, n(384), 1)
        self.branch3x3_2a, self.branch3x3_2b = Unit(n(384), n(384), (1, 3), padding=(0, 1)), Unit(n(384), n(384), (3, 1), padding=(1, 0))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = Unit(before, n(448), 1), Unit(n(448), n(384), 3, padding=1)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = Unit(n(384), n(384), (1, 3), padding=(0, 1)), Unit(n(384), n(384), (3, 1), padding=(1, 0))
        self.branch_pool = Unit(before, n(192), 1)
        self.pool, self.out = pool, n(320) + 4 * n(384) + n(192)

    def forward(self, x):
        single = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = [self.branch1x1(x), self.branch3x3_2a(single), self.branch3x3_2b(single), self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([*parts, self.branch_pool(self.pool(x))], 1)


class Inception(nn.Module):
    """With the changes that pytorch-fid makes to it: means without padding, one maximum in a mean's place."""

    def __init__(self, n):
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3 = Unit(3, n(32), 3, 2), Unit(n(32), n(32), 3)
        self.Conv2d_2b_3x3, self.Conv2d_3b_1x1 = Unit(n(32), n(64), 3, padding=1), Unit(n(64), n(80), 1)
        self.Conv2d_4a_3x3 = Unit(n(80), n(192), 3)
        width = n(192)
        blocks = [("5b", lambda w: InceptionA(w, 32, n)), ("5c", lambda w: InceptionA(w, 64, n)), ("5d", lambda w: InceptionA(w, 64, n))]
        blocks += [("6a", lambda w: InceptionB(w, n))]
        blocks += [(f"6{letter}", lambda w, inner=inner: InceptionC(w, inner, n)) for letter, inner in zip("bcde", (128, 160, 160, 192))]
        blocks += [("7a", lambda w: InceptionD(w, n)), ("7b", lambda w: InceptionE(w, mean_around, n))]
        blocks += [("7c", lambda w: InceptionE(w, lambda x: F.max_pool2d(x, 3, 1, 1), n))]
        self.blocks = [f"Mixed_{name}" for name, _ in blocks]
        for name, make in blocks:
            block = make(width)
            self.add_module(f"Mixed_{name}", block)
            width = block.out
        self.fc = nn.Linear(width, 1008)

    def forward(self, x):
        """Of pictures in [0, 1], of any size."""
        x = 2 * F.interpolate(x, (299, 299), mode="bilinear", align_corners=False) - 1
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = F.max_pool2d(x, 3, 2)
        for name in self.blocks:
            x = getattr(self, name)(x)
        return x.mean((2, 3))


def pad_same(x, kernel, stride):
    pads = []
    for length, size, step in reversed(list(zip(x.shape[2:], kernel, stride))):
        windows = -(-length // step)
        total = max((windows - 1) * step + size - length, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


class Unit3(nn.Module):
    def __init__(self, before, out, size=1, stride=1):
        super().__init__()
        self.size, self.stride = (size,) * 3, (stride,) * 3
        self.conv3d = nn.Conv3d(before, out, size, stride, bias=False)
        self.bn = nn.BatchNorm3d(out, eps=0.001)

    def forward(self, x):
        return F.relu(self.bn(self.conv3d(pad_same(x, self.size, self.stride))))


class Mixed(nn.Module):
    def __init__(self, before, widths):
        super().__init__()
        b0, b1a, b1b, b2a, b2b, b3b = widths
        self.b0, self.b1a, self.b1b = Unit3(before, b0), Unit3(before, b1a), Unit3(b1a, b1b, 3)
        self.b2a, self.b2b, self.b3b = Unit3(before, b2a), Unit3(b2a, b2b, 3), Unit3(before, b3b)
        self.out = b0 + b1b + b2b + b3b

    def forward(self, x):
        largest = F.max_pool3d(pad_same(x, (3, 3, 3), (1, 1, 1)), 3, 1)
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(largest)], 1)


class Logits(nn.Module):
    def __init__(self, before, classes):
        super().__init__()
        self.conv3d = nn.Conv3d(before, classes, 1)


class I3d(nn.Module):
    MIXED = {
        "3b": (64, 96, 128, 16, 32, 32), "3c": (128, 128, 192, 32, 96, 64), "4b": (192, 96, 208, 16, 48, 64), "4c": (160, 112, 224, 24, 64, 64),
        "4d": (128, 128, 256, 24, 64, 64), "4e": (112, 144, 288, 32, 64, 64), "4f": (256, 160, 320, 32, 128, 128),
        "5b": (256, 160, 320, 32, 128, 128), "5c": (384, 192, 384, 48, 128, 128),
    }  # fmt: skip
    POOLS = {"3b": ((1, 3, 3), (1, 2, 2)), "4b": ((3, 3, 3), (2, 2, 2)), "5b": ((2, 2, 2), (2, 2, 2))}

    def __init__(self, n, pooled):
        super().__init__()
        self.pooled = pooled
        self.Conv3d_1a_7x7, self.Conv3d_2b_1x1 = Unit3(3, n(64), 7, 2), Unit3(n(64), n(64))
        self.Conv3d_2c_3x3 = Unit3(n(64), n(192), 3)
        width = n(192)
        for name, widths in self.MIXED.items():
            block = Mixed(width, [n(c) for c in widths])
            self.add_module(f"Mixed_{name}", block)
            width = block.out
        self.logits = Logits(width, n(400))

    def forward(self, x):
        """Of clips in [-1, 1]."""
        pool = lambda y, kernel, stride: F.max_pool3d(pad_same(y, kernel, stride), kernel, stride)
        x = pool(self.Conv3d_1a_7x7(x), (1, 3, 3), (1, 2, 2))
        x = self.Conv3d_2c_3x3(self.Conv3d_2b_1x1(x))
        for name in self.MIXED:
            if name in self.POOLS:
                x = pool(x, *self.POOLS[name])
            x = getattr(self, f"Mixed_{name}")(x)
        return self.logits.conv3d(F.avg_pool3d(x, (self.pooled, 7, 7), 1)).mean((2, 3, 4))


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv3d(before, width, 1, bias=False), nn.BatchNorm3d(width)
        self.conv2, self.bn2 = nn.Conv3d(width, width, 3, stride, 1, bias=False), nn.BatchNorm3d(width)
        self.conv3, self.bn3 = nn.Conv3d(width, 4 * width, 1, bias=False), nn.BatchNorm3d(4 * width)
        if stride != 1 or before != 4 * width:
            self.downsample = nn.Sequential(nn.Conv3d(before, 4 * width, 1, stride, bias=False), nn.BatchNorm3d(4 * width))
        else:
            self.downsample = nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class Resnet3d(nn.Module):
    def __init__(self, n, layers):
        super().__init__()
        before = n(64)
        self.conv1, self.bn1 = nn.Conv3d(3, before, 7, (1, 2, 2), 3, bias=False), nn.BatchNorm3d(before)
        for stage, count in enumerate(layers):
            width = n(64 * 2**stage)
            blocks = []
            for i in range(count):
                blocks.append(Bottleneck(before, width, 2 if i == 0 and stage > 0 else 1))
                before = 4 * width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.stages, self.fc = len(layers), nn.Linear(before, 400)

    def forward(self, x):
        """Of clips in 0..255 less the mean colour."""
        x = F.max_pool3d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x.mean((2, 3, 4))
