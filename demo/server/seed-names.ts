interface NamePool {
  readonly first: readonly string[]
  readonly last: readonly string[]
}

const pool = (first: string, last: string): NamePool => ({ first: first.split(' '), last: last.split(' ') })

const POOLS = {
  french: pool(
    'Camille Julien Manon Hugo Chloé Antoine Léa Mathis Inès Théo Margaux Yanis Clémence Bastien Océane Rémi Adèle Maxime Zoé Sébastien Lucie Nicolas Amandine Karim Élise Damien Fanny Gaël Noémie Fabrice Salomé Étienne Justine Loïc Solène Mehdi Agathe Florian Mireille Thibault',
    'Martin Bernard Dubois Moreau Lefebvre Girard Bonnet Fontaine Rousseau Chevalier Marchand Perrin Gauthier Lambert Benali Traoré Mercier Faure Blanchard Guérin Garnier Roussel Renaud Picard Morel Bourgeois Carpentier Delorme Masson Vidal Charpentier Lacroix Brunet Berthet Perrot Chapuis Ferreira Haddad Nguyen Diallo Moulin Teyssier',
  ),
  english: pool(
    'Olivia Jack Amelia Harry Isla George Freya Oscar Grace Arthur Ruby Callum Ella Thomas Niamh Declan',
    'Smith Jones Taylor Brown Walker Hughes Bennett Foster Reid Murphy Walsh Campbell Hayes Palmer Okafor Patel',
  ),
  american: pool(
    'Emma Liam Ava Noah Sophia Mason Harper Ethan Zoe Marcus Aaliyah Diego Naomi Tyler Jasmine Andre',
    'Johnson Williams Davis Miller Wilson Anderson Jackson Rivera Nguyen Cooper Brooks Washington Ortiz Kim Sullivan Cohen',
  ),
  german: pool(
    'Lena Jonas Marie Felix Anna Lukas Johanna Moritz Katrin Stefan Greta Emil Aylin Jannik Frieda Matthias',
    'Müller Schmidt Schneider Fischer Weber Becker Hoffmann Schäfer Koch Richter Wolf Neumann Zimmermann Krüger Yılmaz Brandt',
  ),
  spanish: pool(
    'Lucía Mateo Carmen Javier Valeria Diego Marta Álvaro Ximena Santiago Rocío Andrés Camila Pablo Paula Emiliano',
    'García Fernández López Martínez Sánchez Romero Torres Ramírez Flores Vargas Castillo Ortega Delgado Rojas Herrera Navarro',
  ),
  portuguese: pool(
    'Beatriz João Ana Pedro Larissa Tiago Mariana Rafael Inês Gustavo Júlia Bruno Letícia Duarte Helena Caio',
    'Silva Santos Oliveira Souza Pereira Costa Carvalho Almeida Ribeiro Gomes Barbosa Teixeira Moreira Rocha Nunes Fonseca',
  ),
  italian: pool(
    'Giulia Lorenzo Chiara Matteo Martina Davide Francesca Andrea Elena Simone Alessia Riccardo Sofia Tommaso Ilaria Pietro',
    'Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Conti Gallo Fontana Moretti Rinaldi Caruso',
  ),
  nordic: pool(
    'Astrid Erik Ingrid Lars Freja Oskar Elin Nils Maja Anders Saga Mikkel Sofie Henrik Linnea Aksel',
    'Andersson Hansen Lindberg Nielsen Berg Johansson Larsen Sørensen Nyström Holm Dahl Eriksson Lund Bakke Strand Virtanen',
  ),
  slavic: pool(
    'Anna Piotr Katarzyna Jakub Oksana Andriy Tereza Tomáš Zofia Marek Iryna Dmytro Eliška Ondřej Milena Bogdan',
    'Kowalski Nowak Novák Dvořák Shevchenko Kovalenko Zieliński Horák Bondarenko Wójcik Melnyk Svoboda Lewandowski Tkachenko Popescu Nagy',
  ),
  greek: pool(
    'Eleni Giorgos Katerina Nikos Sofia Dimitris Ioanna Kostas Despina Yannis Anastasia Stavros',
    'Papadopoulos Nikolaidis Georgiou Vlahos Economou Dimitriou Katsaros Angelopoulos Makris Pappas Ioannidis Kostopoulos',
  ),
  turkish: pool(
    'Elif Mehmet Zeynep Mustafa Defne Emre Ayşe Kerem Selin Burak Ece Cem Derya Onur Leyla Hakan',
    'Yılmaz Kaya Demir Şahin Çelik Yıldız Aydın Öztürk Arslan Doğan Koç Kurt Polat Erdoğan Aksoy Güneş',
  ),
  arabic: pool(
    'Amina Omar Layla Youssef Salma Karim Nour Tarek Yasmine Khaled Rania Hassan Dina Mehdi Hana Walid',
    'Haddad Mansour El-Sayed Bennani Khalil Nasser Farouk Alaoui Saleh Ibrahim Chraibi Hamdi Aziz Trabelsi Fahmy Amrani',
  ),
  persian: pool(
    'Shirin Reza Parisa Arash Nasrin Kaveh Mina Dariush Laleh Babak Azadeh Farhad',
    'Hosseini Ahmadi Karimi Moradi Rahimi Jafari Sadeghi Tehrani Shirazi Rostami Kazemi Farahani',
  ),
  indian: pool(
    'Priya Arjun Ananya Rohan Kavya Vikram Meera Sanjay Divya Rahul Lakshmi Imran Fatima Aditya Nisha Karthik',
    'Sharma Patel Iyer Reddy Singh Khan Nair Gupta Das Mehta Banerjee Rao Joshi Chowdhury Fernandes Kulkarni',
  ),
  chinese: pool(
    'Mei Wei Xiu Jun Lan Hao Ying Ming Jing Tao Yan Lei Fang Bo Hui Chen',
    'Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Xu Sun Tan Lim Lin Guo',
  ),
  japanese: pool(
    'Yuki Haruto Sakura Kenji Aoi Takumi Emi Ren Naomi Daichi Hana Shota Mio Kazuo Rin Satoshi',
    'Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Mori Hayashi Shimizu Inoue Ogawa',
  ),
  korean: pool(
    'Ji-woo Min-jun Seo-yeon Do-yun Ha-eun Joon-ho Soo-jin Tae-yang Eun-ji Hyun-woo Yuna Sung-min',
    'Kim Lee Park Choi Jung Kang Cho Yoon Jang Lim Han Shin',
  ),
  southeastAsian: pool(
    'Linh Minh Siti Budi Maria Jose Ratna Agus Anong Somchai Thuy Quang Dewi Rizal Kanya Arthit',
    'Nguyen Tran Santoso Wijaya Reyes Santos Pham Le Bautista Saetang Suwan Hidayat Cruz Vo Lestari Srisuk',
  ),
  westAfrican: pool(
    'Adaeze Chinedu Ama Kwame Fatou Mamadou Ngozi Emeka Abena Kofi Aïssatou Ousmane Yetunde Tunde Awa Ibrahima',
    'Okafor Mensah Diallo Adeyemi Ndiaye Owusu Eze Traoré Balogun Boateng Sow Nwosu Fall Asante Mbala Ilunga',
  ),
  eastAfrican: pool(
    'Wanjiru Otieno Achieng Kamau Amani Juma Selam Dawit Neema Baraka Hanna Tesfaye Zuri Kiptoo Rehema Bekele',
    'Mwangi Odhiambo Njoroge Kariuki Wambui Hassan Tadesse Mushi Kimani Ochieng Alemu Massawe Chebet Bekele Mollel Girma',
  ),
  southAfrican: pool(
    'Thandi Sipho Lerato Johan Nomvula Pieter Zanele Themba Anneke Kagiso Ayanda Willem',
    'Nkosi Dlamini Botha Khumalo Naidoo Molefe Venter Mokoena Pillay Ndlovu Steyn Zulu',
  ),
} as const

type Culture = keyof typeof POOLS

const CULTURE_OF: Readonly<Record<string, Culture>> = {
  FR: 'french',
  BE: 'french',
  GB: 'english',
  IE: 'english',
  AU: 'english',
  US: 'american',
  CA: 'american',
  DE: 'german',
  AT: 'german',
  CH: 'german',
  NL: 'german',
  ES: 'spanish',
  MX: 'spanish',
  AR: 'spanish',
  PE: 'spanish',
  CO: 'spanish',
  CL: 'spanish',
  BR: 'portuguese',
  PT: 'portuguese',
  IT: 'italian',
  SE: 'nordic',
  DK: 'nordic',
  PL: 'slavic',
  CZ: 'slavic',
  HU: 'slavic',
  RO: 'slavic',
  UA: 'slavic',
  GR: 'greek',
  TR: 'turkish',
  EG: 'arabic',
  MA: 'arabic',
  TN: 'arabic',
  IR: 'persian',
  IN: 'indian',
  PK: 'indian',
  BD: 'indian',
  CN: 'chinese',
  SG: 'chinese',
  JP: 'japanese',
  KR: 'korean',
  ID: 'southeastAsian',
  PH: 'southeastAsian',
  TH: 'southeastAsian',
  VN: 'southeastAsian',
  NG: 'westAfrican',
  GH: 'westAfrican',
  SN: 'westAfrican',
  CD: 'westAfrican',
  KE: 'eastAfrican',
  ET: 'eastAfrican',
  TZ: 'eastAfrican',
  ZA: 'southAfrican',
}

const CULTURES: readonly NamePool[] = Object.values(POOLS)

/** How many people of a country carry a name that came from elsewhere. */
const FROM_ELSEWHERE = 0.2

/** A name that somebody in this country might have; anywhere in the world without one. `random` gives [0, 1). */
export function nameFor(countryCode: string | null, random: () => number): string {
  const culture = countryCode === null ? undefined : CULTURE_OF[countryCode]
  const names = culture !== undefined && random() >= FROM_ELSEWHERE ? POOLS[culture] : pick(CULTURES, random())
  return `${pick(names.first, random())} ${pick(names.last, random())}`
}

/** The element at a fraction of a list that is not empty. */
export function pick<T>(list: readonly T[], fraction: number): T {
  const chosen = list[Math.min(list.length - 1, Math.floor(fraction * list.length))]
  if (chosen === undefined) throw new RangeError('there is nothing to pick from')
  return chosen
}
